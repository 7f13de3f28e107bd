import CPUModel
import GuestAArch64
import GuestRISCV

/// The only list of all guests whose programs can be run.
public enum UserCatalog {
    public static let guests: [any LinuxABI] = [RISCV64LinuxABI(), AArch64LinuxABI()]
}
