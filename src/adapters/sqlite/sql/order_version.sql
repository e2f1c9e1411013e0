SELECT COUNT(*) FROM OrderHistory WHERE OrderId = ?1
