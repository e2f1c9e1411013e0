//! The system of record in SQL Server.
