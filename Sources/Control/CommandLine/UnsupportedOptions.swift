extension OptionRow {
    /// Options of QEMU 7.2's system emulators that Apus does not have. They are refused as such, not as typing errors.
    static let unsupported: Set<String> = [
        "acpitable", "action", "add-fd", "audio", "audiodev", "boot", "cdrom", "chroot", "compat", "curses", "daemonize", "debugcon", "dfilter",
        "dump-vmstate", "echr", "enable-fips", "enable-kvm", "enable-sync-profile", "fda", "fdb", "fsdev", "full-screen", "g", "gdb", "hda", "hdb",
        "hdc", "hdd", "incoming", "iscsi", "jitdump", "k", "loadvm", "mem-path", "mem-prealloc", "msg", "mtdblock", "net", "no-acpi",
        "no-fd-bootchk", "no-hpet", "numa", "object", "only-migratable", "option-rom", "overcommit", "parallel", "perfmap", "pflash", "pidfile",
        "plugin", "preconfig", "prom-env", "qmp", "qmp-pretty", "qtest", "qtest-log", "readconfig", "rotate", "runas", "s", "sandbox", "sd", "sdl",
        "seed", "semihosting", "semihosting-config", "set", "smbios", "snapshot", "spice", "tpmdev", "trace", "usb", "usbdevice", "uuid", "vga",
        "virtfs", "vnc", "watchdog-action", "win2k-hack", "xen-attach", "xen-domid", "xen-domid-restrict",
    ]
}
