INSERT INTO OrderItem (OrderId, Line, ProductId, ProductName, ImageUrl, UnitPriceCents, Quantity, Taken)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
