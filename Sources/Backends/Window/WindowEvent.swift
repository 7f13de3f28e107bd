import Input

/// What somebody does at the window.
enum WindowEvent: Sendable {
    case key(Key, isDown: Bool, isControl: Bool)
    case text(String)
    /// A place in the console's picture.
    case place(x: Int, y: Int)
    case motion(x: Int, y: Int)
    case button(PointerButton, isDown: Bool)
    /// Keys that are down are not the guest's any more.
    case letsGo
    /// A console, from 0 on.
    case choice(Int)
    case size(width: Int, height: Int)
    case close
}

/// Who hears of it. Called on the window's thread.
protocol WindowListener: AnyObject, Sendable {
    func happened(_ event: WindowEvent)
}
