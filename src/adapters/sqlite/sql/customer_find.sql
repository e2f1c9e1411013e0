SELECT Id FROM Customer WHERE UserId = ?1
