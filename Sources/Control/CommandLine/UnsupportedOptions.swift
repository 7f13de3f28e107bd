extension OptionRow {
    /// Options of QEMU 7.2's system emulators that Apus does not have. They are refused as such, not as typing errors.
    static let unsupported: Set<String> = [
        "acpitable", "chroot", "compat", "curses", "debugcon", "dfilter",
        "dump-vmstate", "echr", "enable-fips", "enable-kvm", "enable-sync-profile", "fda", "fdb", "fsdev", "full-screen", "g",
        "iscsi", "jitdump", "k", "mtdblock",
        "no-fd-bootchk", "no-hpet", "option-rom", "perfmap", "pflash",
        "plugin", "prom-env", "qtest", "qtest-log", "rotate", "runas", "sdl",
        "seed", "semihosting", "semihosting-config", "spice", "tpmdev", "trace", "usb", "usbdevice", "vga",
        "virtfs", "watchdog-action", "win2k-hack", "xen-attach", "xen-domid", "xen-domid-restrict",
    ]
}
