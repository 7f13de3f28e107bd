import BlockCore
import HostOS

extension QCOW2Image {
    /// What an image stands on.
    public enum Backing {
        /// What its header names.
        case named
        /// This, or nothing, whatever its header names.
        case given((any BlockNode)?)
    }

    /// Everything is written and others may have the file; what it stands on stays as it is.
    public func close() throws(HostError) {
        drain()
        try writeEverything()
        try file.setActive(false)
    }
}
