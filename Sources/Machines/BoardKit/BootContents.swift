import Diagnostics
import HostOS
import MachineModel

/// What a board puts into memory at each reset. It is made of files at once, or, of a machine that is filled in from elsewhere, when it is reset.
public final class BootContents<Contents> {
    private var contents: Contents?
    private let make: () throws -> Contents

    /// - Parameter canWait: whether nothing but a reset needs what the files hold.
    public init(_ configuration: MachineConfiguration, canWait: Bool = true, _ make: @escaping () throws -> Contents) throws {
        self.make = make
        let files = [configuration.kernel, configuration.initrd, configuration.deviceTree].compactMap(\.self)
        // What is missing is told of now.
        let mayWait = configuration.isFilledLater && canWait && configuration.dumpDeviceTree == nil && files.allSatisfy(fileExists)
        if !mayWait { contents = try make() }
    }

    /// Nil, with a warning, if the files have become useless meanwhile.
    public func get() -> Contents? {
        if contents == nil { do { contents = try make() } catch { warn("the machine starts without what it should start with: \(error)") } }
        return contents
    }
}
