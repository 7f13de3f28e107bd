"""A disk that firmware starts a kernel from."""
import struct

MIB = 1 << 20


def boot_disk(path, kernel):
    """A disk with a FAT16 file system that firmware starts the kernel from: EFI/BOOT/BOOTAA64.EFI."""
    with open(kernel, "rb") as file:
        data = file.read()
    cluster, sectors = 4096, 64 * MIB // 512 * 2
    clusters = sectors * 512 // cluster - 64
    table = 2 * ((clusters + 2 + 255) // 256)
    boot = struct.pack("<3s8sHBHBHHBHHHII", b"\xeb\x3c\x90", b"APUS    ", 512, 8, 1, 2, 512, 0, 0xf8, table // 2, 32, 2, 0, sectors)
    boot += struct.pack("<BBBI11s8s", 0x80, 0, 0x29, 1, b"APUS       ", b"FAT16   ")
    count = (len(data) + cluster - 1) // cluster
    fat = [0xfff8, 0xffff, 0xffff, 0xffff] + [index + 5 for index in range(count - 1)] + [0xffff]

    def entry(name, attributes, first, size=0):
        return struct.pack("<11sB8xHHHHI", name, attributes, 0, 0, 0, first, size)[:32]

    def directory(*entries):
        return b"".join(entries).ljust(cluster, b"\0")

    with open(path, "wb") as file:
        file.write(boot.ljust(510, b"\0") + b"\x55\xaa")
        packed = struct.pack(f"<{len(fat)}H", *fat).ljust(table // 2 * 512, b"\0")
        file.write(packed * 2)
        file.write(entry(b"EFI        ", 0x10, 2).ljust(512 * 32, b"\0"))
        file.write(directory(entry(b".          ", 0x10, 2), entry(b"..         ", 0x10, 0), entry(b"BOOT       ", 0x10, 3)))
        file.write(directory(entry(b".          ", 0x10, 3), entry(b"..         ", 0x10, 2), entry(b"BOOTAA64EFI", 0x20, 4, len(data))))
        file.write(data)
        file.truncate(sectors * 512)
