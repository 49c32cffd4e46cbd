//! The physical world: images, processes, their files, their use of CPU and memory. Knows no API object.
