//! The program is killed, stopped and asked to leave, again and again, beside a relay that keeps a record: no mail goes twice, none
//! is lost in silence, and no acknowledged activity is lost.
//!
//! The witnesses are outside the program: what the relay accepted, what the callers were told, and the rows at the end, which one
//! checker (`verdict`) holds against each other. Two policies that are known to be wrong must fail it. A database that is not there
//! fails these stories; none of them is ever skipped.

mod dice;
mod graceful;
mod house;
mod intake_kill;
mod kill_loop;
mod look;
mod stopped_worker;
mod verdict;
mod victim;
mod wrong_policies;
