SELECT Id FROM JobServer WHERE Name = ?1
