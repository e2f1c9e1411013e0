SELECT Id FROM Job WHERE UniqueKey = ?1
