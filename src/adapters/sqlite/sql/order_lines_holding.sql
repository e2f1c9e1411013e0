SELECT Line, ProductId, Taken FROM OrderItem WHERE OrderId = ?1 AND Taken > 0
