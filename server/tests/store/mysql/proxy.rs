//! A road to a server that can be cut at the worst moment.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to the next packet that ends with COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It passes.
    Never,
    /// It does not reach the server.
    Before,
    /// It reaches the server; the answer does not come back.
    After,
    /// It reaches the server when the client has long gone.
    Late(Duration),
    /// As `After`, and no further connection is let through.
    AfterAndClosed,
}

#[derive(Debug)]
struct State {
    cut: Cut,
    closed: bool,
}

/// See the module.
pub struct Proxy {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub fn to(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State { cut: Cut::Never, closed: false }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if !shared.lock().unwrap().closed {
                    let server = TcpStream::connect(("127.0.0.1", server)).expect("the server");
                    connect(client, server, &shared);
                }
            }
        });
        Self { port, state }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn cut(&self, cut: Cut) {
        *self.state.lock().unwrap() = State { cut, closed: false };
    }
}

fn end(streams: [&TcpStream; 2]) {
    for stream in streams {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn connect(client: TcpStream, server: TcpStream, state: &Arc<Mutex<State>>) {
    let deaf = Arc::new(Mutex::new(false));
    let (state, hears) = (Arc::clone(state), Arc::clone(&deaf));
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while let Ok(length @ 1..) = from_client.read(&mut buffer) {
            let packet = &buffer[..length];
            if packet.ends_with(b"COMMIT") {
                let mut state = state.lock().unwrap();
                let cut = std::mem::replace(&mut state.cut, Cut::Never);
                state.closed = cut == Cut::AfterAndClosed;
                drop(state);
                match cut {
                    Cut::Never => {}
                    Cut::Before => break,
                    Cut::After | Cut::AfterAndClosed => *deaf.lock().unwrap() = true,
                    Cut::Late(by) => {
                        let _ = from_client.shutdown(Shutdown::Both);
                        *deaf.lock().unwrap() = true;
                        std::thread::sleep(by);
                    }
                }
            }
            if to_server.write_all(packet).is_err() {
                break;
            }
        }
        // Where the answer is to be dropped, the other direction ends the connection.
        if !*deaf.lock().unwrap() {
            end([&from_client, &to_server]);
        }
    });
    let (mut from_server, mut to_client) = (server, client);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while let Ok(length @ 1..) = from_server.read(&mut buffer) {
            if *hears.lock().unwrap() || to_client.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        end([&from_server, &to_client]);
    });
}
