SELECT p.Sku, i.ProductName, i.ImageUrl, i.UnitPriceCents, i.Quantity
FROM OrderItem i JOIN Product p ON p.Id = i.ProductId
WHERE i.OrderId = ?1
ORDER BY i.Line
