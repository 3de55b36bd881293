//! The two ends of a connection of `echo`, for the sides whose sockets are `Read + Write`.

use std::io::{Read, Write};

use crate::{MESSAGE, check};

/// Sends everything back until the other end closes.
///
/// # Panics
/// When the connection fails.
pub fn serve(mut connection: impl Read + Write) {
    let mut message = [0; MESSAGE];
    loop {
        match connection.read(&mut message).expect("a message") {
            0 => return,
            length => connection.write_all(&message[..length]).expect("an answer"),
        }
    }
}

/// Makes so many round trips, each with another message.
///
/// # Panics
/// When the connection fails, or an answer is wrong.
pub fn call(mut connection: impl Read + Write, times: usize) {
    let (mut message, mut answer) = ([0; MESSAGE], [0; MESSAGE]);
    for i in 0..times {
        message[..8].copy_from_slice(&i.to_le_bytes());
        connection.write_all(&message).expect("a message");
        connection.read_exact(&mut answer).expect("an answer");
        check(answer == message);
    }
}
