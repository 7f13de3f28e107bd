extension SchemaText {
    /// Devices on PCI.
    static let pciText = """
        # Addresses that a bridge lets through.
        struct PciMemoryRange
            base: int
            limit: int

        # A window of a device's: `address` is -1 while it is closed.
        struct PciMemoryRegion
            bar: int
            type: str                   # io or memory
            address: int
            size: int
            prefetch?: bool
            mem_type_64?: bool

        # Numbers of a bridge's buses, and what it lets through.
        struct PciBusInfo
            number: int
            secondary: int
            subordinate: int
            io_range: PciMemoryRange
            memory_range: PciMemoryRange
            prefetchable_range: PciMemoryRange

        # A bridge and what is behind it.
        struct PciBridgeInfo
            bus: PciBusInfo
            devices?: [PciDeviceInfo]

        # What kind of device it is.
        struct PciDeviceClass
            desc?: str
            class: int

        # What device it is.
        struct PciDeviceId
            device: int
            vendor: int
            subsystem?: int
            subsystem-vendor?: int

        # A device on PCI.
        struct PciDeviceInfo
            bus: int
            slot: int
            function: int
            class_info: PciDeviceClass
            id: PciDeviceId
            irq?: int
            irq_pin: int
            qdev_id: str
            pci_bridge?: PciBridgeInfo
            regions: [PciMemoryRegion]

        # A bus and what is on it.
        struct PciInfo
            bus: int
            devices: [PciDeviceInfo]

        # Lists what is on PCI.
        command query-pci -> [PciInfo]
        """
}
