SELECT Id FROM JobServer WHERE LastHeartbeatAt <= ?1
