SELECT p.Vendor, COUNT(DISTINCT o.Id), SUM(i.Quantity), SUM(i.UnitPriceCents * i.Quantity) AS Revenue
FROM "Order" o JOIN OrderItem i ON i.OrderId = o.Id JOIN Product p ON p.Id = i.ProductId
WHERE o.Status = 'COMPLETED' AND o.IsDeleted = 0 AND o.CreatedAt >= ?1 AND o.CreatedAt < ?2
GROUP BY p.Vendor
ORDER BY Revenue DESC, p.Vendor
