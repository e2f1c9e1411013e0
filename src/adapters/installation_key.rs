//! A secret that belongs to one installation and is made when it is first needed.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// Longer files are not ours.
const LONGEST: u64 = 1024;

/// The key in `file`, which is made with 32 random bytes when there is none. Only its owner may
/// read it. Processes that start at once agree on one key.
pub fn read_or_make(file: &Path) -> io::Result<String> {
    match read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make(file)?;
            read(file)
        }
        found => found,
    }
}

fn read(file: &Path) -> io::Result<String> {
    let found = fs::symlink_metadata(file)?;
    let refused = |what: &str| Err(io::Error::new(ErrorKind::InvalidData, what.to_owned()));
    if !found.is_file() || found.len() > LONGEST {
        return refused("is no key file");
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0 {
        return refused("is open to others: chmod 600 it, or delete it for a new key");
    }
    Ok(fs::read_to_string(file)?.trim().to_owned())
}

/// Writes the key beside its place and links it there, so that nobody sees half of it and the
/// first of several wins.
fn make(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let draft = file.with_extension(format!("{}.draft", hex(&rand::random::<[u8; 8]>())));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut new| {
        writeln!(new, "{}", hex(&rand::random::<[u8; 32]>()))?;
        new.sync_all()
    });
    let linked = written.and_then(|()| fs::hard_link(&draft, file));
    let removed = fs::remove_file(&draft);
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => removed,
        linked => linked.and(removed),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::read_or_make;

    #[test]
    fn many_at_once_agree_on_a_key_that_only_the_owner_reads() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/shop.db.key");
        let keys: Vec<String> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8).map(|_| scope.spawn(|| read_or_make(&file))).collect();
            makers.into_iter().map(|maker| maker.join().unwrap().unwrap()).collect()
        });
        assert_eq!(keys[0].len(), 64);
        assert!(keys.iter().all(|key| *key == keys[0]), "one key");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no drafts stay");
        let other = read_or_make(&folder.path().join("other.key")).unwrap();
        assert_ne!(other, keys[0]);
    }

    #[test]
    fn a_key_that_others_may_read_or_have_put_there_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("key"), folder.path().join("link"));
        read_or_make(&file).unwrap();
        symlink(&file, &link).unwrap();
        assert!(read_or_make(&link).is_err());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_or_make(&file).unwrap_err().to_string().contains("chmod 600"));
    }
}
