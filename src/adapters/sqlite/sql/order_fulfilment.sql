-- What completing or accepting again has to check, line by line.
SELECT o.TotalCents, i.UnitPriceCents, i.Quantity, p.IsActive = 1 AND p.IsDeleted = 0, i.Line, p.Id, p.Sku, p.Stock, i.Taken
FROM "Order" o JOIN OrderItem i ON i.OrderId = o.Id JOIN Product p ON p.Id = i.ProductId
WHERE o.Id = ?1
ORDER BY i.Line
