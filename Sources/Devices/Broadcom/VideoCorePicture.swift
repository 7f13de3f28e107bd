/// The tags of the property channel that are about the picture.
extension VideoCoreFirmware {
    /// A number says what is done (in its two top digits: 40 asks, 44 tries, 48 sets) and with what.
    private enum Subject: UInt32 {
        case allocation = 0x1, blank, physicalSize, virtualSize, depth, order, alpha, pitch, offset, overscan, palette
        case displays = 0x13
    }

    func picture(_ tag: UInt32, _ values: [UInt32]) -> [UInt8]? {
        guard let subject = Subject(rawValue: tag & 0x3fff) else { return nil }
        let isSet = tag & 0x8000 != 0, isTry = tag & 0x4000 != 0
        switch subject {
        case .allocation: return allocation(isSet)
        case .blank:
            if isSet { framebuffer.setBlank((values.first ?? 0) & 1 != 0) }
            return words([(values.first ?? 0) & 1])
        case .pitch: return words([framebuffer.layout.pitch])
        case .overscan:
            if isSet, values.count >= 4 { overscan = Array(values.prefix(4)) }
            return words(overscan)
        case .palette: return palette(isSet || isTry, isSet, values)
        case .displays: return words([1])
        case .physicalSize, .virtualSize, .depth, .order, .alpha, .offset:
            var wanted = framebuffer.layout
            if isSet || isTry { change(&wanted, subject, values) }
            if isSet { _ = framebuffer.set(wanted) }
            return words(shown(isTry && !isSet ? wanted : framebuffer.layout, subject))
        }
    }

    private func words(_ values: [UInt32]) -> [UInt8] { values.flatMap(BroadcomWords.bytes) }

    /// What is set releases, what asks allocates.
    private func allocation(_ isRelease: Bool) -> [UInt8] {
        if isRelease {
            framebuffer.release()
            return []
        }
        framebuffer.allocate()
        return words([framebufferAddress, framebuffer.layout.size])
    }

    private func change(_ layout: inout VideoCoreFramebuffer.Layout, _ subject: Subject, _ values: [UInt32]) {
        let first = values.first ?? 0, second = values.dropFirst().first ?? 0
        switch subject {
        case .physicalSize:
            (layout.width, layout.height) = (first, second)
            (layout.virtualWidth, layout.virtualHeight) = (max(first, layout.virtualWidth), max(second, layout.virtualHeight))
        case .virtualSize: (layout.virtualWidth, layout.virtualHeight) = (max(first, layout.width), max(second, layout.height))
        case .depth: layout.depth = first
        case .order: layout.order = first & 1
        case .alpha: layout.alpha = min(first, 2)
        default: (layout.x, layout.y) = (first, second)
        }
    }

    private func shown(_ layout: VideoCoreFramebuffer.Layout, _ subject: Subject) -> [UInt32] {
        switch subject {
        case .physicalSize: [layout.width, layout.height]
        case .virtualSize: [layout.virtualWidth, layout.virtualHeight]
        case .depth: [layout.depth]
        case .order: [layout.order]
        case .alpha: [layout.alpha]
        default: [layout.x, layout.y]
        }
    }

    /// Colours from one on, and how many. The answer to a setting is 0 if all is well.
    private func palette(_ isChange: Bool, _ isSet: Bool, _ values: [UInt32]) -> [UInt8] {
        guard isChange else { return words(framebuffer.colours) }
        guard values.count >= 2, values[0] < 256, values[1] <= 256 - values[0], values.count >= 2 + Int(values[1]) else { return words([1]) }
        if isSet { framebuffer.setPalette(Int(values[0]), Array(values[2..<2 + Int(values[1])])) }
        return words([0])
    }
}
