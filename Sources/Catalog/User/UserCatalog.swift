import CPUModel
import GuestAArch64
import GuestARM
import GuestRISCV

/// The only list of all guests whose programs can be run.
public enum UserCatalog {
    public static let guests: [any LinuxABI] = [RISCVLinuxABI(rv64: true), RISCVLinuxABI(rv64: false), AArch64LinuxABI(), ARMLinuxABI()]
}
