//! What nobody should send: it is refused, and the daemon goes on for everybody else.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use contentcheck_fleet::{Daemon, Shard};
use contentcheck_rollout::report::What;

use crate::http::{get, post, raw};
use crate::world::{Outcome, START, World};

fn collector() -> Outcome<(World, Daemon)> {
    let mut world = World::new(25_000, START, None)?;
    world.opened()?;
    let daemon = world.collect(Shard::default(), world.hands.clock())?;
    Ok((world, daemon))
}

fn is_well(world: &World, address: SocketAddr) -> Outcome {
    assert_eq!(post(address, "/v1/reports", &world.report(0, 1, What::Receipt))?.status, 200);
    Ok(())
}

#[test]
fn garbage_and_tricks_with_paths_are_refused() -> Outcome {
    let (world, daemon) = collector()?;
    let address = daemon.address();
    let id = world.id();
    std::fs::write(world.path("reports/secret"), "not for you")?;
    let paths = [
        "/v1/reports/../../log/checkpoint".to_owned(),
        "/v1/reports/%2e%2e/%2e%2e".into(),
        "/v1/reports/..%2f..%2fsecret/0".into(),
        format!("/v1/reports/{id}/..%2f..%2fsecret"),
        format!("/v1/reports/{id}/0%00"),
        format!("/v1/reports/{id}/00"),
        format!("/v1/reports/{id}/+0"),
        format!("/v1/reports/{id}/1"),
        format!("/v1/reports/{}/0", id.to_string().to_uppercase()),
        format!("/v1/reports/{}/0", "0".repeat(64)),
        format!("/v1/reports/{id}/0/"),
        "//etc/passwd".into(),
        "/v1/reports/%ff%fe/0".into(),
        "/".into(),
    ];
    for path in paths {
        let answer = get(address, &path)?;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.status);
        assert!(!answer.text().contains("not for you"));
    }
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(2_000));
    let garbage: Vec<u8> = (0..50_000_u32).map(|one| (one.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let twice = b"POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-length: 200\r\ncontent-length: 201\r\n\r\n".to_vec();
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    for bytes in [long.into_bytes(), many.into_bytes(), garbage, twice, tls, b"\r\n\r\n\r\n\r\n".to_vec()] {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    // A thousand bodies of noise of the right length.
    for seed in 0..20_u32 {
        let noise: Vec<u8> =
            (0..10_000_u32).map(|one| ((one ^ seed.rotate_left(9)).wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        assert_eq!(post(address, "/v1/reports", &noise)?.status, 422);
    }
    is_well(&world, address)
}

#[test]
fn a_body_that_is_too_large_is_not_read() -> Outcome {
    let (world, daemon) = collector()?;
    let address = daemon.address();
    let largest = vec![0; 1_000_000];
    assert_eq!(post(address, "/v1/reports", &largest)?.status, 422);
    assert_eq!(post(address, "/v1/reports", &vec![0; 1_000_200])?.status, 413);
    // It says that there is more than anybody has, or says nothing of its size.
    let claims = "POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999\r\n\r\nx";
    assert!(raw(address, claims.as_bytes())?.starts_with(b"HTTP/1.1 413"));
    let mut chunks = b"POST /v1/reports HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..40 {
        chunks.extend(b"10000\r\n");
        chunks.extend([b'x'; 0x10000]);
        chunks.extend(b"\r\n");
    }
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let _ = stream.write_all(&chunks);
    let mut first = [0; 12];
    if stream.read_exact(&mut first).is_ok() {
        assert_eq!(&first, b"HTTP/1.1 413");
    }
    is_well(&world, address)
}

#[test]
fn whoever_is_slow_is_waited_for_and_not_for_ever() -> Outcome {
    let (world, daemon) = collector()?;
    let address = daemon.address();
    let begun = Instant::now();
    let head = b"POST /v1/reports HTTP/1.1\r\nhost: x\r\ncontent-length: 200\r\n\r\n";
    let slow: Vec<_> = [&head[..10], &head[..], b""]
        .into_iter()
        .flat_map(|bytes| std::iter::repeat_n(bytes.to_vec(), 30))
        .map(|bytes| std::thread::spawn(move || raw(address, &bytes).map_err(|error| error.to_string())))
        .collect();
    // Meanwhile the others are served.
    std::thread::sleep(Duration::from_millis(500));
    is_well(&world, address)?;
    assert!(begun.elapsed() < Duration::from_secs(10));
    for one in slow {
        let answer = one.join().map_err(|_| "a thread panicked")??;
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
    }
    assert!(begun.elapsed() < Duration::from_secs(50), "{:?}", begun.elapsed());
    is_well(&world, address)
}
