UPDATE OrderItem SET Taken = ?3 WHERE OrderId = ?1 AND Line = ?2
