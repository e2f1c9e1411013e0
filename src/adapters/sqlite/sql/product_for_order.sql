SELECT Id, Name, ImageUrl, PriceCents, Discount, Stock FROM Product WHERE Sku = ?1 AND IsActive = 1 AND IsDeleted = 0
