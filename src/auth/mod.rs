//! Who is calling: token verification, key sets, principals.
