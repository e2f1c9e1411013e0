SELECT Sku, Stock FROM Product WHERE Stock IS NOT NULL AND IsActive = 1 AND IsDeleted = 0
