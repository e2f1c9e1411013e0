INSERT INTO LockFence (Name, Fence) VALUES (?1, ?2)
ON CONFLICT (Name) DO UPDATE SET Fence = excluded.Fence WHERE excluded.Fence >= LockFence.Fence
