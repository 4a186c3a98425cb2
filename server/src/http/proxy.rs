//! The PROXY protocol: with what a proxy begins a connection to say for whom it is.

use ppp::{HeaderResult, v1, v2};
use std::io;
use std::net::IpAddr;
use tokio::io::{AsyncRead, AsyncReadExt};

/// With what version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Longest line of version 1, with its end.
const LINE_MAX: usize = 107;
/// Longest rest of version 2: addresses, and what proxies add about TLS.
const REST_MAX: u16 = 4_096;

/// Reads the header and not a byte more. Whom it names; nobody where the proxy speaks for itself.
///
/// # Errors
/// The connection ended, or began with something else.
pub async fn announced(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<IpAddr>> {
    let mut header = vec![0; SIGNATURE.len()];
    stream.read_exact(&mut header).await?;
    if header == SIGNATURE {
        rest(stream, &mut header).await?;
    } else {
        line(stream, &mut header).await?;
    }
    source(&header).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

async fn rest(stream: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>) -> io::Result<()> {
    let mut more = [0; 4];
    stream.read_exact(&mut more).await?;
    header.extend(more);
    let length = u16::from_be_bytes([more[2], more[3]]);
    if length > REST_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let from = header.len();
    header.resize(from + usize::from(length), 0);
    stream.read_exact(&mut header[from..]).await?;
    Ok(())
}

async fn line(stream: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>) -> io::Result<()> {
    if !header.starts_with(b"PROXY ") {
        return Err(io::ErrorKind::InvalidData.into());
    }
    while !header.ends_with(b"\r\n") {
        if header.len() >= LINE_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        header.push(stream.read_u8().await?);
    }
    Ok(())
}

/// None where the header is none.
fn source(header: &[u8]) -> Option<Option<IpAddr>> {
    match HeaderResult::parse(header) {
        HeaderResult::V1(parsed) => Some(match parsed.ok()?.addresses {
            v1::Addresses::Unknown => None,
            v1::Addresses::Tcp4(of) => Some(of.source_address.into()),
            v1::Addresses::Tcp6(of) => Some(of.source_address.into()),
        }),
        HeaderResult::V2(parsed) => {
            let parsed = parsed.ok()?;
            Some(match (parsed.command, parsed.addresses) {
                (v2::Command::Proxy, v2::Addresses::IPv4(of)) => Some(of.source_address.into()),
                (v2::Command::Proxy, v2::Addresses::IPv6(of)) => Some(of.source_address.into()),
                _ => None,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is announced, and what is left for HTTP.
    async fn read(sent: &[u8]) -> Option<(Option<String>, Vec<u8>)> {
        let mut stream = sent;
        let announced = announced(&mut stream).await.ok()?;
        Some((announced.map(|address| address.to_string()), stream.to_vec()))
    }

    fn named(address: &str) -> Option<(Option<String>, Vec<u8>)> {
        Some((Some(address.to_owned()), b"GET".to_vec()))
    }

    fn second(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, addresses, b"GET"].concat()
    }

    #[tokio::test]
    async fn both_versions_name_whom_the_connection_is_for() {
        let four = read(b"PROXY TCP4 192.0.2.1 10.0.0.1 5000 80\r\nGET").await;
        assert_eq!(four, named("192.0.2.1"));
        let six = read(b"PROXY TCP6 2001:db8::1 fd00::1 5000 80\r\nGET").await;
        assert_eq!(six, named("2001:db8::1"));
        let addresses = [192, 0, 2, 1, 10, 0, 0, 1, 0x13, 0x88, 0, 80];
        assert_eq!(read(&second(0x21, 0x11, &addresses)).await, named("192.0.2.1"));
        let with_more = [&addresses[..], &[4, 0, 1, 0]].concat();
        assert_eq!(read(&second(0x21, 0x11, &with_more)).await, named("192.0.2.1"));
    }

    #[tokio::test]
    async fn a_proxy_may_speak_for_itself() {
        let nobody = Some((None, b"GET".to_vec()));
        assert_eq!(read(b"PROXY UNKNOWN\r\nGET").await, nobody);
        assert_eq!(read(&second(0x20, 0x00, &[])).await, nobody);
        let addresses = [192, 0, 2, 1, 10, 0, 0, 1, 0x13, 0x88, 0, 80];
        assert_eq!(read(&second(0x20, 0x11, &addresses)).await, nobody, "LOCAL: its own check");
    }

    #[tokio::test]
    async fn all_else_is_refused() {
        let long = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200], b"\r\n".to_vec()].concat();
        let cut = second(0x21, 0x11, &[192, 0, 2, 1]);
        let large = second(0x21, 0x11, &[0; 5_000]);
        let wrong: [&[u8]; 7] = [
            b"",
            b"GET / HTTP/1.1\r\n\r\n",
            b"PROXY TCP4 192.0.2.300 10.0.0.1 5000 80\r\n",
            b"PROXY TCP4 192.0.2.1",
            &long,
            &cut,
            &large,
        ];
        for sent in wrong {
            assert_eq!(read(sent).await, None, "{sent:?}");
        }
    }
}
