import CLibSlirp
import EventLoop

/// The stack that libslirp's opaque pointer stands for.
private func of(_ opaque: UnsafeMutableRawPointer?) -> SlirpStack? {
    unsafe opaque.map { unsafe Unmanaged<SlirpStack>.fromOpaque($0).takeUnretainedValue() }
}

/// What libslirp calls.
func makeCallbacks() -> SlirpCb {
    var callbacks = SlirpCb()
    unsafe callbacks.send_packet = { bytes, count, opaque in
        if let bytes { unsafe of(opaque)?.owner.output(Array(UnsafeRawBufferPointer(start: bytes, count: count))) }
        return count
    }
    unsafe callbacks.guest_error = { text, opaque in
        if let text { unsafe of(opaque)?.owner.guestError(String(cString: text)) }
    }
    unsafe callbacks.clock_get_ns = { unsafe of($0)?.owner.now() ?? 0 }
    unsafe callbacks.timer_new = { fire, argument, opaque in
        guard let timer = unsafe of(opaque)?.owner.makeTimer({ unsafe fire?(argument) }) else { return nil }
        return unsafe Unmanaged.passRetained(timer).toOpaque()
    }
    unsafe callbacks.timer_free = { timer, _ in
        guard let timer = unsafe timer else { return }
        let owned = unsafe Unmanaged<LoopTimer>.fromOpaque(timer)
        unsafe owned.takeUnretainedValue().cancel()
        unsafe owned.release()
    }
    unsafe callbacks.timer_mod = { timer, milliseconds, _ in
        guard let timer = unsafe timer else { return }
        unsafe Unmanaged<LoopTimer>.fromOpaque(timer).takeUnretainedValue().arm(at: milliseconds &* 1_000_000)
    }
    // The loop asks for the descriptors before each sleep, and the stack only works on the loop's thread, so it is never asleep meanwhile.
    unsafe callbacks.register_poll_fd = { _, _ in }
    unsafe callbacks.unregister_poll_fd = { _, _ in }
    unsafe callbacks.notify = { _ in }
    return callbacks
}
