import UserCore

extension Control {
    private static let f = UInt32(0x66), v = UInt32(0x76), x = UInt32(0x58), btrfs = UInt32(0x94), common = UInt32(0x15), block = UInt32(0x12)

    /// File systems (include/uapi/linux/fs.h, fiemap.h, fscrypt.h, fsverity.h, btrfs.h, msdos_fs.h).
    static let files: [Control] = [
        .init(1, "FIBMAP", .changes(4)), .init(2, "FIGETBSZ", .writes(4)), .iow(btrfs, 9, 4, "FICLONE", .value),
        .iow(btrfs, 13, 32, "FICLONERANGE"), .iowr(btrfs, 54, 24, "FIDEDUPERANGE"), .iowr(x, 119, 4, "FIFREEZE"), .iowr(x, 120, 4, "FITHAW"),
        .iowr(x, 121, 24, "FITRIM"), .ior(f, 1, 8, "FS_IOC_GETFLAGS").narrow(.number(size: 4)),
        .iow(f, 2, 8, "FS_IOC_SETFLAGS").narrow(.number(size: 4)), .ior(v, 1, 8, "FS_IOC_GETVERSION").narrow(.number(size: 4)),
        .iow(v, 2, 8, "FS_IOC_SETVERSION").narrow(.number(size: 4)), .iowr(f, 11, 32, "FS_IOC_FIEMAP"), .ior(x, 31, 28, "FS_IOC_FSGETXATTR"),
        .iow(x, 32, 28, "FS_IOC_FSSETXATTR"), .ior(btrfs, 49, 256, "FS_IOC_GETFSLABEL"), .iow(btrfs, 50, 256, "FS_IOC_SETFSLABEL"),
        .ior(common, 0, 17, "FS_IOC_GETFSUUID"), .ior(common, 1, 129, "FS_IOC_GETFSSYSFSPATH"),
        .ior(f, 19, 12, "FS_IOC_SET_ENCRYPTION_POLICY", .reads(12)), .iow(f, 20, 16, "FS_IOC_GET_ENCRYPTION_PWSALT", .writes(16)),
        .iow(f, 21, 12, "FS_IOC_GET_ENCRYPTION_POLICY", .writes(12)), .iowr(f, 22, 9, "FS_IOC_GET_ENCRYPTION_POLICY_EX"),
        .iowr(f, 23, 80, "FS_IOC_ADD_ENCRYPTION_KEY"), .iowr(f, 24, 64, "FS_IOC_REMOVE_ENCRYPTION_KEY"),
        .iowr(f, 25, 64, "FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS"), .iowr(f, 26, 128, "FS_IOC_GET_ENCRYPTION_KEY_STATUS"),
        .ior(f, 27, 16, "FS_IOC_GET_ENCRYPTION_NONCE"), .iow(f, 133, 128, "FS_IOC_ENABLE_VERITY", addresses: [16, 32]),
        .iowr(f, 134, 4, "FS_IOC_MEASURE_VERITY"), .iowr(f, 135, 40, "FS_IOC_READ_VERITY_METADATA", addresses: [24]),
        .ior(0x72, 0x10, 4, "FAT_IOCTL_GET_ATTRIBUTES"), .iow(0x72, 0x11, 4, "FAT_IOCTL_SET_ATTRIBUTES"),
        .ior(0x72, 0x13, 4, "FAT_IOCTL_GET_VOLUME_ID"), .iow(btrfs, 14, 4096, "BTRFS_IOC_SUBVOL_CREATE"),
        .iow(btrfs, 15, 4096, "BTRFS_IOC_SNAP_DESTROY"), .iow(btrfs, 23, 4096, "BTRFS_IOC_SNAP_CREATE_V2"),
        .iow(btrfs, 24, 4096, "BTRFS_IOC_SUBVOL_CREATE_V2"), .iowr(btrfs, 17, 4096, "BTRFS_IOC_TREE_SEARCH"),
        .iowr(btrfs, 18, 4096, "BTRFS_IOC_INO_LOOKUP"), .ior(btrfs, 25, 8, "BTRFS_IOC_SUBVOL_GETFLAGS"),
        .iow(btrfs, 26, 8, "BTRFS_IOC_SUBVOL_SETFLAGS"), .ior(btrfs, 31, 1024, "BTRFS_IOC_FS_INFO"),
        .ior(229, 0, 4, "FUSE_DEV_IOC_CLONE", .reads(4)), .iow(0x49, 0, 4, "INOTIFY_IOC_SETNEXTWD", .value),
    ]

    /// Block devices (include/uapi/linux/fs.h, blkpg.h, hdreg.h, cdrom.h, scsi/sg.h, nbd.h).
    static let blocks: [Control] = [
        .io(block, 93, "BLKROSET", .reads(4)), .io(block, 94, "BLKROGET", .writes(4)), .io(block, 95, "BLKRRPART"),
        .io(block, 96, "BLKGETSIZE", .writes(8)).narrow(.structure(.unsignedLong, pointers: [])), .io(block, 97, "BLKFLSBUF"),
        .io(block, 98, "BLKRASET", .value),
        .io(block, 99, "BLKRAGET", .writes(8)).narrow(.structure(.unsignedLong, pointers: [])), .io(block, 100, "BLKFRASET", .value),
        .io(block, 101, "BLKFRAGET", .writes(8)).narrow(.structure(.unsignedLong, pointers: [])),
        .io(block, 103, "BLKSECTGET", .writes(2)), .io(block, 104, "BLKSSZGET", .writes(4)),
        .io(block, 105, "BLKPG", .reads(24), addresses: [16]).narrow(.structure(.partition, pointers: ["data"])),
        .ior(block, 112, 8, "BLKBSZGET").narrow(.number(size: 4)), .iow(block, 113, 8, "BLKBSZSET").narrow(.number(size: 4)),
        .ior(block, 114, 8, "BLKGETSIZE64").narrow(.number(size: 4)),
        .io(block, 119, "BLKDISCARD", .reads(16)), .io(block, 120, "BLKIOMIN", .writes(4)), .io(block, 121, "BLKIOOPT", .writes(4)),
        .io(block, 122, "BLKALIGNOFF", .writes(4)), .io(block, 123, "BLKPBSZGET", .writes(4)), .io(block, 124, "BLKDISCARDZEROES", .writes(4)),
        .io(block, 125, "BLKSECDISCARD", .reads(16)), .io(block, 126, "BLKROTATIONAL", .writes(2)), .io(block, 127, "BLKZEROOUT", .reads(16)),
        .ior(block, 128, 8, "BLKGETDISKSEQ"), .ior(block, 132, 4, "BLKGETZONESZ"), .ior(block, 133, 4, "BLKGETNRZONES"),
        .init(0x301, "HDIO_GETGEO", .writes(16)).narrow(.structure(.geometry, pointers: [])), .init(0x30d, "HDIO_GET_IDENTITY", .writes(512)),
        .init(0x5305, "CDROMREADTOCHDR", .writes(2)),
        .init(0x5309, "CDROMEJECT"), .init(0x5325, "CDROM_MEDIA_CHANGED", .value), .init(0x5326, "CDROM_DRIVE_STATUS", .value),
        .init(0x5327, "CDROM_DISC_STATUS"), .init(0x5331, "CDROM_GET_CAPABILITY"), .init(0x2282, "SG_GET_VERSION_NUM", .writes(4)),
        .init(0x2285, "SG_IO", .changes(88), addresses: [16, 24, 32]).narrow(.structure(.command, pointers: ["dxferp", "cmdp", "sbp"])),
        .io(0xab, 0, "NBD_SET_SOCK", .value), .io(0xab, 1, "NBD_SET_BLKSIZE", .value),
        .io(0xab, 2, "NBD_SET_SIZE", .value), .io(0xab, 3, "NBD_DO_IT"), .io(0xab, 4, "NBD_CLEAR_SOCK"), .io(0xab, 5, "NBD_CLEAR_QUE"),
        .io(0xab, 7, "NBD_SET_SIZE_BLOCKS", .value), .io(0xab, 8, "NBD_DISCONNECT"), .io(0xab, 9, "NBD_SET_TIMEOUT", .value),
        .io(0xab, 10, "NBD_SET_FLAGS", .value),
    ]

    /// `struct loop_info`, in which the old device numbers are long on x86-64 and int elsewhere.
    private static func loopInfo(device: StructLayout.Kind) -> StructLayout {
        let words = (0..<24).map { ("text\($0)", StructLayout.Kind.u32) }
        return StructLayout(
            [
                ("number", .i32), ("device", device), ("inode", .unsignedLong), ("rdevice", device), ("offset", .i32), ("encrypt_type", .i32),
                ("encrypt_key_size", .i32), ("flags", .i32),
            ] + words + [("init0", .unsignedLong), ("init1", .unsignedLong), ("reserved", .u32)])
    }

    /// Loop devices (include/uapi/linux/loop.h).
    static let loops: [Control] = [
        .init(0x4c00, "LOOP_SET_FD", .value), .init(0x4c01, "LOOP_CLR_FD"),
        .init(0x4c02, "LOOP_SET_STATUS", .converts(host: loopInfo(device: .unsignedLong), guest: loopInfo(device: .u32), writes: false)).narrow(
            .none),
        .init(0x4c03, "LOOP_GET_STATUS", .converts(host: loopInfo(device: .unsignedLong), guest: loopInfo(device: .u32), writes: true)).narrow(.none),
        .init(0x4c04, "LOOP_SET_STATUS64", .reads(232)), .init(0x4c05, "LOOP_GET_STATUS64", .writes(232)), .init(0x4c06, "LOOP_CHANGE_FD", .value),
        .init(0x4c07, "LOOP_SET_CAPACITY"), .init(0x4c08, "LOOP_SET_DIRECT_IO", .value), .init(0x4c09, "LOOP_SET_BLOCK_SIZE", .value),
        .init(0x4c0a, "LOOP_CONFIGURE", .reads(304)), .init(0x4c80, "LOOP_CTL_ADD", .value), .init(0x4c81, "LOOP_CTL_REMOVE", .value),
        .init(0x4c82, "LOOP_CTL_GET_FREE"),
    ]
}
