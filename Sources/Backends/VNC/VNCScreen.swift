import CLibVNCServer
import Display
import Glibc
import HostOS

/// What the library's threads tell of viewers. Called on any thread.
protocol VNCListener: AnyObject, Sendable {
    func viewerIsReady(_ id: Int)
    func viewerHasGone(_ id: Int)
    func key(_ symbol: UInt32, isDown: Bool)
    func pointer(_ id: Int, x: Int, y: Int, buttons: Int)
    /// False if the display has no say in it.
    func sizeIsWished(width: Int, height: Int) -> Bool
    /// The password that lets viewers in; nil if nobody is let in now.
    var password: String? { get }
}

/// The library's server (LibVNCServer) with a thread of its own, which alone gives it pictures and connections: a viewer that reads slowly holds up
/// that thread at most, never those who ask it to do something. Each viewer has two threads of the library's.
final class VNCScreen: @unchecked Sendable {
    private enum Work {
        case accept(Int32, id: Int)
        case pointer(PointerImage?)
    }

    private let screen: rfbScreenInfoPtr
    private unowned let listener: any VNCListener
    private let mutex = Mutex()
    private let condition = ConditionVariable()
    private var change: PictureChange?
    private var work: [Work] = []
    private var thread: HostThread?
    /// Of the thread alone: the picture that the library reads, and its size.
    private var frame: UnsafeMutablePointer<UInt32>
    private var frameSize: Int
    private var newViewer = 0

    /// - Parameters:
    ///   - isShared: nobody is sent away for a viewer who wants to be alone.
    ///   - refusesExclusive: a viewer who wants to be alone is sent away if there are others.
    init(name: String, listener: any VNCListener, asksPassword: Bool, isShared: Bool, refusesExclusive: Bool) throws(HostError) {
        self.listener = listener
        let (width, height) = (DisplayConsole.idleSize.width, DisplayConsole.idleSize.height)
        rfbLogEnable(0)
        guard let screen = rfbGetScreen(nil, nil, Int32(width), Int32(height), 8, 3, 4) else {
            throw HostError("make the server of -vnc", errno: ENOMEM)
        }
        self.screen = screen
        frameSize = width * height
        frame = .allocate(capacity: frameSize)
        frame.initialize(repeating: 0, count: frameSize)
        screen.pointee.frameBuffer = UnsafeMutableRawPointer(frame).assumingMemoryBound(to: CChar.self)
        screen.pointee.screenData = Unmanaged.passUnretained(self).toOpaque()
        screen.pointee.desktopName = UnsafePointer(strdup(name))
        screen.pointee.backgroundLoop = 1
        screen.pointee.alwaysShared = isShared ? 1 : 0
        screen.pointee.dontDisconnect = refusesExclusive ? 1 : 0
        screen.pointee.cursor = nil
        // Anything but nil: the check below knows the password.
        if asksPassword { screen.pointee.authPasswdData = screen.pointee.screenData }
        setHooks()
        thread = try HostThread(name: "vnc") { [self] in run() }
    }

    // MARK: Hooks, on the library's threads

    private static func of(_ client: rfbClientPtr?) -> VNCScreen? {
        client?.pointee.screen.pointee.screenData.map { Unmanaged<VNCScreen>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func id(_ client: rfbClientPtr?) -> Int { Int(bitPattern: client?.pointee.clientData) }

    private func setHooks() {
        screen.pointee.newClientHook = { client in
            guard let client, let screen = VNCScreen.of(client) else { return RFB_CLIENT_REFUSE }
            client.pointee.clientData = UnsafeMutableRawPointer(bitPattern: screen.newViewer)
            client.pointee.clientGoneHook = { VNCScreen.of($0)?.listener.viewerHasGone(VNCScreen.id($0)) }
            client.pointee.clientFramebufferUpdateRequestHook = { client, _ in
                client?.pointee.clientFramebufferUpdateRequestHook = nil
                VNCScreen.of(client)?.listener.viewerIsReady(VNCScreen.id(client))
            }
            return RFB_CLIENT_ACCEPT
        }
        screen.pointee.kbdAddEvent = { isDown, symbol, client in VNCScreen.of(client)?.listener.key(UInt32(symbol), isDown: isDown != 0) }
        screen.pointee.ptrAddEvent = { buttons, x, y, client in
            VNCScreen.of(client)?.listener.pointer(VNCScreen.id(client), x: Int(x), y: Int(y), buttons: Int(buttons))
            rfbDefaultPtrAddEvent(buttons, x, y, client)
        }
        screen.pointee.passwordCheck = { client, response, count in
            guard let client, let response, count == CHALLENGESIZE, let password = VNCScreen.of(client)?.listener.password else { return 0 }
            return VNCScreen.isRight(client, response, password) ? 1 : 0
        }
        screen.pointee.setDesktopSizeHook = { width, height, _, _, client in
            let isPossible = VNCScreen.of(client)?.listener.sizeIsWished(width: Int(width), height: Int(height)) ?? false
            return Int32(isPossible ? rfbExtDesktopSize_Success : rfbExtDesktopSize_ResizeProhibited)
        }
    }

    /// Whether a response is the challenge under the password (RFC 6143, section 7.2.2).
    private static func isRight(_ client: rfbClientPtr, _ response: UnsafePointer<CChar>, _ password: String) -> Bool {
        var expected = withUnsafeBytes(of: client.pointee.authChallenge) { Array($0) }
        var letters = Array(password.utf8CString)
        rfbEncryptBytes(&expected, &letters)
        return zip(expected, 0..<expected.count).allSatisfy { $0 == UInt8(bitPattern: response[$1]) }
    }

    // MARK: Orders, from the emulator's thread

    /// Hands a change over; false if the one before has not been taken yet.
    func show(_ new: PictureChange) -> Bool {
        mutex.withLock {
            guard change == nil else { return false }
            change = new
            condition.signal()
            return true
        }
    }

    /// Whether a change would be taken.
    var isIdle: Bool { mutex.withLock { change == nil } }

    private func order(_ item: Work) {
        mutex.withLock {
            work.append(item)
            condition.signal()
        }
    }

    /// Takes a connection; its descriptor is the server's from now on.
    func accept(_ descriptor: Int32, id: Int) { order(.accept(descriptor, id: id)) }
    func setPointer(_ image: PointerImage?) { order(.pointer(image)) }

    // MARK: The thread

    private func run() {
        while true {
            mutex.lock()
            while change == nil, work.isEmpty { condition.wait(mutex) }
            let (next, items) = (change, work)
            work = []
            mutex.unlock()
            if let next {
                draw(next)
                // Only now there is room for the next one.
                mutex.withLock { change = nil }
            }
            for item in items { perform(item) }
        }
    }

    /// The library has red in the low bits.
    private func draw(_ change: PictureChange) {
        if change.width != Int(screen.pointee.width) || change.height != Int(screen.pointee.height) { resize(change.width, change.height) }
        let start = change.firstRow * change.width
        precondition(start >= 0 && start + change.pixels.count <= frameSize, "the rows lie in the picture")
        change.pixels.withUnsafeBufferPointer { source in
            for index in source.indices {
                let pixel = source[index]
                frame[start + index] = pixel & 0xff00 | pixel >> 16 & 0xff | pixel << 16 & 0xff_0000
            }
        }
        let rect = change.rect
        rfbMarkRectAsModified(screen, Int32(rect.x), Int32(rect.y), Int32(rect.x + rect.width), Int32(rect.y + rect.height))
    }

    private func resize(_ width: Int, _ height: Int) {
        let old = frame
        frameSize = width * height
        frame = .allocate(capacity: frameSize)
        frame.initialize(repeating: 0, count: frameSize)
        // Waits until no viewer is being sent the old one.
        rfbNewFramebuffer(screen, UnsafeMutableRawPointer(frame).assumingMemoryBound(to: CChar.self), Int32(width), Int32(height), 8, 3, 4)
        old.deallocate()
    }

    private func perform(_ item: Work) {
        switch item {
        case .accept(let descriptor, let id):
            newViewer = id
            if let client = rfbNewClient(screen, descriptor) { rfbStartOnHoldClient(client) } else { listener.viewerHasGone(id) }
        case .pointer(let image): setCursor(image)
        }
    }

    /// The library frees what it is given when the next one comes.
    private func setCursor(_ image: PointerImage?) {
        guard let image else { return rfbSetCursor(screen, nil) }
        guard let cursor = calloc(1, MemoryLayout<rfbCursor>.size)?.assumingMemoryBound(to: rfbCursor.self),
            let colours = calloc(image.pixels.count, 4)?.assumingMemoryBound(to: UInt8.self),
            let alpha = calloc(image.pixels.count, 1)?.assumingMemoryBound(to: UInt8.self),
            let mask = calloc((image.width + 7) / 8 * image.height, 1)?.assumingMemoryBound(to: UInt8.self)
        else { return }
        for (index, pixel) in image.pixels.enumerated() {
            for (offset, shift) in [16, 8, 0].enumerated() { colours[4 * index + offset] = UInt8(truncatingIfNeeded: pixel >> UInt32(shift)) }
            alpha[index] = UInt8(pixel >> 24)
            let (x, y) = (index % image.width, index / image.width)
            if pixel >> 24 >= 128 { mask[y * ((image.width + 7) / 8) + x / 8] |= 0x80 >> UInt8(x % 8) }
        }
        (cursor.pointee.cleanup, cursor.pointee.cleanupRichSource, cursor.pointee.cleanupMask) = (1, 1, 1)
        (cursor.pointee.width, cursor.pointee.height) = (UInt16(image.width), UInt16(image.height))
        (cursor.pointee.xhot, cursor.pointee.yhot) = (UInt16(image.hotX), UInt16(image.hotY))
        (cursor.pointee.richSource, cursor.pointee.alphaSource, cursor.pointee.mask) = (colours, alpha, mask)
        rfbSetCursor(screen, cursor)
    }
}
