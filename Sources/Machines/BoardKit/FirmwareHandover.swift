import HostOS
import MachineModel
import PlatformDevices

extension FirmwareConfiguration {
    /// Hands kernel, RAM disk and command line over as items, for firmware that starts a kernel itself.
    public func hand(_ configuration: MachineConfiguration) throws {
        guard let kernel = configuration.kernel else { return }
        add(.kernelSize, .kernelData, try HostFile.contents(kernel))
        if let initrd = configuration.initrd { add(.initrdSize, .initrdData, try HostFile.contents(initrd)) }
        add(.commandLineSize, .commandLineData, Array((configuration.commandLine ?? "").utf8) + [0])
    }

    private func add(_ size: Key, _ data: Key, _ bytes: [UInt8]) {
        set(size, number: UInt32(bytes.count))
        set(data, bytes)
    }
}
