import Glibc

/// The process's controlling terminal, switched to raw input and put back when the process ends.
public enum Terminal {
    nonisolated(unsafe) private static var saved: termios?

    /// Whether a descriptor is a terminal.
    public static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Hands every key to the guest, unseen by the line discipline; `signals` leaves Ctrl-C and its like to the host.
    public static func makeRaw(keepingSignals signals: Bool) {
        var attributes = termios()
        guard unsafe isTerminal(0) && tcgetattr(0, &attributes) == 0 else { return }
        if unsafe saved == nil {
            unsafe saved = attributes
            atexit { Terminal.restore() }
        }
        attributes.c_iflag &= ~tcflag_t(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON)
        attributes.c_lflag &= ~tcflag_t(ECHO | ECHONL | ICANON | IEXTEN)
        if !signals { attributes.c_lflag &= ~tcflag_t(ISIG) }
        attributes.c_cflag = attributes.c_cflag & ~tcflag_t(CSIZE | PARENB) | tcflag_t(CS8)
        unsafe tcsetattr(0, TCSANOW, &attributes)
    }

    /// Puts the terminal back as it was found.
    public static func restore() {
        guard var attributes = unsafe saved else { return }
        unsafe tcsetattr(0, TCSANOW, &attributes)
    }
}
