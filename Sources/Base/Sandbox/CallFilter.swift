import CLibSeccomp
import Glibc

/// What a call's argument must be for a rule to hold: its bits under the mask are the value.
public struct CallCondition: Sendable {
    let argument: UInt32
    let mask: UInt64
    let value: UInt64

    public init(argument: UInt32, mask: UInt64, value: UInt64) {
        self.argument = argument
        self.mask = mask
        self.value = value
    }
}

/// A filter of system calls while it is made; all that it has no rule for is allowed.
final class CallFilter {
    private let context: scmp_filter_ctx

    init() throws(SandboxError) {
        guard let context = unsafe seccomp_init(apus_seccomp_allow) else { throw SandboxError("make a filter of system calls", ENOMEM) }
        unsafe self.context = context
        // Threads of the libraries, too.
        try check("let the filter hold for all threads", unsafe seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1))
    }

    deinit { unsafe seccomp_release(context) }

    func add(_ name: String, _ action: UInt32, _ conditions: [CallCondition] = []) throws(SandboxError) {
        let number = unsafe seccomp_syscall_resolve_name(name)
        // This host does not have it.
        if number < 0 { return }
        let list = conditions.map { scmp_arg_cmp(arg: $0.argument, op: SCMP_CMP_MASKED_EQ, datum_a: $0.mask, datum_b: $0.value) }
        let result = unsafe list.withUnsafeBufferPointer { unsafe seccomp_rule_add_array(context, action, number, UInt32($0.count), $0.baseAddress) }
        try check("forbid \(name)", result)
    }

    func load() throws(SandboxError) { try check("load the filter of system calls", unsafe seccomp_load(context)) }

    private func check(_ what: String, _ result: Int32) throws(SandboxError) { if result < 0 { throw SandboxError(what, -result) } }
}

/// System calls that fail from now on instead of being done, for this process and all that come from it.
public struct DeniedCalls: Sendable {
    private var rules: [(name: String, code: Int32, conditions: [CallCondition])] = []

    public init() {}

    public mutating func deny(_ names: [String], with code: Int32 = EPERM) { for name in names { rules.append((name, code, [])) } }

    /// The same for calls whose arguments are as the conditions say, all of them.
    public mutating func deny(_ name: String, with code: Int32 = EPERM, where conditions: CallCondition...) {
        rules.append((name, code, conditions))
    }

    public func enter() throws(SandboxError) {
        let filter = try CallFilter()
        for rule in rules { try filter.add(rule.name, apus_seccomp_fail(UInt16(rule.code)), rule.conditions) }
        try filter.load()
    }
}
