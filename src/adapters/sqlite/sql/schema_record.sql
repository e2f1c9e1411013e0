INSERT INTO SchemaVersion (Version, Name, AppliedAt) VALUES (?1, ?2, ?3)
