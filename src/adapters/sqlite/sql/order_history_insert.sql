INSERT INTO OrderHistory (OrderId, Status, At, Reason) VALUES (?1, ?2, ?3, ?4)
