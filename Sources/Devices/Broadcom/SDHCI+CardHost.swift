import StorageDevices

extension SDHCI: CardHost {}
