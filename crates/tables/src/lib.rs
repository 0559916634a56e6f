//! Files become tables, and tables become arrays, here and nowhere else.
