/// Names of base class and subclass (PCI Code and ID Assignment Specification 1.11, chapter 1), as QEMU's monitor shows them.
public enum PCIClass {
    private static let names: [UInt16: String] = [
        0x0001: "VGA controller", 0x0100: "SCSI controller", 0x0101: "IDE controller", 0x0106: "SATA controller", 0x0108: "NVM controller",
        0x0200: "Ethernet controller", 0x0300: "VGA controller", 0x0380: "Display controller", 0x0400: "Video controller",
        0x0401: "Audio controller", 0x0403: "Audio controller", 0x0600: "Host bridge", 0x0601: "ISA bridge", 0x0604: "PCI bridge",
        0x0700: "Serial port", 0x0900: "Keyboard", 0x0902: "Mouse", 0x0c03: "USB controller",
    ]

    /// Nil if the class has no name of its own.
    public static func name(_ code: UInt16) -> String? { names[code] }
}
