public final class AddressSpace { public init() {} }
