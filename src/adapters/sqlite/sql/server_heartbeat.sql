UPDATE JobServer SET LastHeartbeatAt = ?2 WHERE Name = ?1
