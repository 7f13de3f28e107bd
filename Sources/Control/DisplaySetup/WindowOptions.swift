import CommandLine
import Window

/// What `-display sdl` says.
public enum WindowOptions {
    private static let refused = ["gl", "alt_grab", "ctrl_grab"]

    /// `sdl[,show-cursor=on][,window-close=off][,full-screen=on][,grab-mod=…]`.
    public static func parse(_ text: String, name: String?) throws(CommandLineError) -> DesktopWindow.Options {
        let list = PropertyList(text, option: "display", implied: "type")
        for name in refused { if let value = list[name], value != "off" { throw .notSupported("-display sdl,\(name)=\(value)") } }
        try list.check(["type", "show-cursor", "window-close", "full-screen", "grab-mod"] + refused)
        var options = DesktopWindow.Options()
        options.title = name.map { "QEMU (\($0))" } ?? "QEMU"
        options.showsCursor = try list.bool("show-cursor", default: false)
        options.closes = try list.bool("window-close", default: true)
        options.isFullScreen = try list.bool("full-screen", default: false)
        if let word = list["grab-mod"] {
            guard let modifier = DesktopWindow.Modifier(rawValue: word), modifier != .usual else {
                throw .badValue(option: "display", value: "grab-mod=\(word)", expected: "lshift-lctrl-lalt, rctrl")
            }
            options.modifier = modifier
        }
        return options
    }
}
