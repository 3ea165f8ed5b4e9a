//! A disk in memory: as reliable as memory, and gone with the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use contentcheck_sensor::{Directory, Disk, DiskError, Place};

/// A disk. Clones are the same disk, so that a store that is opened again finds what the one before it left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<BTreeMap<Place, Vec<u8>>>>);

impl Memory {
    fn files(&self) -> MutexGuard<'_, BTreeMap<Place, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for Memory {
    fn lock(&mut self) -> Result<bool, DiskError> {
        Ok(true)
    }

    fn make(&mut self) -> Result<(), DiskError> {
        Ok(())
    }

    fn list(&mut self, directory: Directory, most: usize) -> Result<Vec<String>, DiskError> {
        let files = self.files();
        let names = files.keys().filter(|place| place.directory == directory);
        Ok(names.map(|place| place.name.clone()).take(most).collect())
    }

    fn read(&mut self, place: &Place, most: usize) -> Result<Vec<u8>, DiskError> {
        let files = self.files();
        let bytes = files.get(place).ok_or(DiskError::Missing)?;
        if bytes.len() > most { Err(DiskError::Large) } else { Ok(bytes.clone()) }
    }

    fn write(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        self.files().insert(place.clone(), bytes.to_vec());
        Ok(())
    }

    fn overwrite(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        let mut files = self.files();
        let file = files.get_mut(place).ok_or(DiskError::Missing)?;
        *file = bytes.to_vec();
        Ok(())
    }

    fn writable(&mut self) -> Result<(), DiskError> {
        Ok(())
    }

    fn append(&mut self, place: &Place, bytes: &[u8]) -> Result<(), DiskError> {
        self.files().entry(place.clone()).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self, _place: &Place) -> Result<(), DiskError> {
        Ok(())
    }

    fn rename(&mut self, from: &Place, to: &Place) -> Result<(), DiskError> {
        let mut files = self.files();
        let bytes = files.remove(from).ok_or(DiskError::Missing)?;
        files.insert(to.clone(), bytes);
        Ok(())
    }

    fn sync_directory(&mut self, _directory: Directory) -> Result<(), DiskError> {
        Ok(())
    }

    fn remove(&mut self, place: &Place) -> Result<(), DiskError> {
        self.files().remove(place).map(|_| ()).ok_or(DiskError::Missing)
    }

    fn free(&mut self) -> Result<Option<u64>, DiskError> {
        Ok(None)
    }
}
