import Diagnostics

/// Why there is no window.
enum WindowError: ExplainedError {
    case noLibrary(String)
    case failed(String, String)

    var cause: String {
        switch self {
        case .noLibrary(let reason): "-display sdl needs SDL 2: \(reason)"
        case .failed(let action, let reason): "-display sdl cannot \(action): \(reason)"
        }
    }

    var remedy: String? {
        switch self {
        case .noLibrary: "install Debian's package libsdl2-2.0-0, or use -vnc"
        case .failed: "check DISPLAY or WAYLAND_DISPLAY, or use -vnc"
        }
    }
}
