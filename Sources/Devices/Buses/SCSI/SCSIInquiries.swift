/// What a unit says of itself.
extension SCSIDisk {
    /// INQUIRY (SPC-4, section 6.6).
    func inquiry(_ command: [UInt8]) -> Result<[UInt8], Failure> {
        let room = Int(command.number(3, 2)), page = command.number(2, 1)
        if command.number(1, 1) & 1 != 0 {
            guard let bytes = vitalPage(UInt8(page)) else { return .failure(Failure(.invalidField)) }
            var answer: [UInt8] = [kind.rawValue, UInt8(page), 0, 0] + bytes
            answer.put(UInt64(bytes.count), 2, 2)
            return .success(Array(answer.prefix(room)))
        }
        guard page == 0 else { return .failure(Failure(.invalidField)) }
        var bytes = [UInt8](repeating: 0, count: 36)
        // SPC-3, answers in its format, command queues.
        (bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[7]) = (kind.rawValue, options.isRemovable ? 0x80 : 0, 5, 2, 31, 2)
        bytes.put(options.vendor, 8, 8)
        bytes.put(options.product, 16, 16)
        bytes.put("1.0", 32, 4)
        return .success(Array(bytes.prefix(room)))
    }

    /// Vital product data: a page without its header.
    private func vitalPage(_ page: UInt8) -> [UInt8]? {
        let disks: [UInt8] = kind == .disk ? [0xb0, 0xb1, 0xb2] : []
        switch page {
        case 0x00: return [0x00] + (options.serial.isEmpty ? [] : [0x80]) + [0x83] + disks
        case 0x80: return options.serial.isEmpty ? nil : Array(options.serial.utf8)
        case 0x83:
            // A vendor's identification in ASCII.
            let name = Array((options.identification ?? (options.serial.isEmpty ? options.product : options.serial)).utf8.prefix(200))
            return [2, 0, 0, UInt8(name.count)] + name
        case 0xb0 where kind == .disk:
            var bytes = [UInt8](repeating: 0, count: 60)
            // Largest ranges of UNMAP and WRITE SAME.
            bytes.put(SCSIDisk.largestRange, 16, 4)
            bytes.put(SCSIDisk.mostRanges, 20, 4)
            bytes.put(1, 24, 4)
            bytes.put(SCSIDisk.largestRange, 32, 8)
            return bytes
        case 0xb1 where kind == .disk: return [0, 1] + [UInt8](repeating: 0, count: 58)
        // UNMAP, WRITE SAME with UNMAP.
        case 0xb2 where kind == .disk: return [0, 0xe0, 2, 0]
        default: return nil
        }
    }

    static let largestRange: UInt64 = 0x40_0000, mostRanges: UInt64 = 255

    var capacity10: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8)
        bytes.put(min(blocks == 0 ? 0 : blocks - 1, 0xffff_ffff), 0, 4)
        bytes.put(blockSize, 4, 4)
        return bytes
    }

    func capacity16(_ command: [UInt8]) -> Result<[UInt8], Failure> {
        guard node != nil else { return .failure(Failure(.noMedium)) }
        var bytes = [UInt8](repeating: 0, count: 32)
        bytes.put(blocks == 0 ? 0 : blocks - 1, 0, 8)
        bytes.put(blockSize, 8, 4)
        // Blocks can be unmapped.
        if kind == .disk { bytes[14] = 0x80 }
        return .success(Array(bytes.prefix(Int(command.number(10, 4)))))
    }

    /// MODE SENSE (SPC-4, section 6.13) with the caching page, or what a CD drive can do.
    func modeSense(_ command: [UInt8], isLong: Bool) -> Result<[UInt8], Failure> {
        let page = UInt8(command.number(2, 1) & 0x3f), control = command.number(2, 1) >> 6
        guard control != 3 else { return .failure(Failure(SCSISense(5, 0x39))) }
        let changeable = control == 1
        var pages: [UInt8] = []
        if page == 0x08 || page == 0x3f {
            pages += [0x08, 18, options.hasCache && !changeable ? 4 : 0] + [UInt8](repeating: 0, count: 17)
        }
        if kind == .cd, page == 0x2a || page == 0x3f { pages += drivePage(changeable) }
        if kind == .cd, page == 0x01 || page == 0x3f {
            pages += [0x01, 10, changeable ? 0 : 0x80, changeable ? 0 : 0x20] + [UInt8](repeating: 0, count: 8)
        }
        guard !pages.isEmpty else { return .failure(Failure(.invalidField)) }
        let specific: UInt8 = kind == .disk ? (isReadOnly ? 0x80 : 0) | 0x10 : 0
        var header: [UInt8] = isLong ? [0, 0, 0, specific, 0, 0, 0, 0] : [0, 0, specific, 0]
        let length = header.count + pages.count
        header.put(UInt64(length - (isLong ? 2 : 1)), 0, isLong ? 2 : 1)
        return .success(Array((header + pages).prefix(Int(isLong ? command.number(7, 2) : command.number(4, 1)))))
    }

    /// Capabilities and mechanical status (MMC-3, annex E.3): reads discs, has a tray that can be locked.
    private func drivePage(_ changeable: Bool) -> [UInt8] {
        guard !changeable else { return [0x2a, 20] + [UInt8](repeating: 0, count: 20) }
        // A tray that can be locked, whether it is, and that moves by itself.
        var bytes: [UInt8] = [0x2a, 20, 0x3b, 0, 0x70, 0, 0x29 | (isMediumLocked ? 2 : 0), 0] + [UInt8](repeating: 0, count: 14)
        bytes.put(706, 8, 2)
        bytes.put(706, 14, 2)
        bytes.put(512, 12, 2)
        return bytes
    }

    // MARK: Discs (MMC-6)

    func discAnswer(_ opcode: UInt8, _ command: [UInt8]) -> Result<[UInt8], Failure>? {
        switch opcode {
        case Opcode.toc: return contents(command)
        case Opcode.configuration: return configuration(command)
        case Opcode.eventStatus: return events(command)
        case Opcode.discInformation:
            guard node != nil else { return .failure(Failure(.noMedium)) }
            let bytes: [UInt8] = [0, 32, 0x0e, 1, 1, 1, 1, 0x20, 0] + [UInt8](repeating: 0, count: 25)
            return .success(Array(bytes.prefix(Int(command.number(7, 2)))))
        case Opcode.mechanism: return .success(Array([0, 0, 0, 0, 0, 1, 0, 0].prefix(Int(command.number(8, 2)))))
        default: return nil
        }
    }

    /// READ TOC: one data track and the lead-out, or the first session.
    private func contents(_ command: [UInt8]) -> Result<[UInt8], Failure> {
        guard node != nil else { return .failure(Failure(.noMedium)) }
        let isTime = command.number(1, 1) & 2 != 0
        func address(_ block: UInt64) -> [UInt8] {
            var bytes: [UInt8] = [0, 0, 0, 0]
            if isTime {
                let frame = min(block + 150, 449_999)
                (bytes[1], bytes[2], bytes[3]) = (UInt8(frame / 75 / 60), UInt8(frame / 75 % 60), UInt8(frame % 75))
            } else {
                bytes.put(min(block, 0xffff_ffff), 0, 4)
            }
            return bytes
        }
        let first: [UInt8] = [0, 0x14, 1, 0] + address(0), last: [UInt8] = [0, 0x14, 0xaa, 0] + address(blocks)
        var bytes: [UInt8]
        switch command.number(2, 1) & 15 {
        case 0:
            let start = command.number(6, 1)
            guard start <= 1 || start == 0xaa else { return .failure(Failure(.invalidField)) }
            bytes = [0, 0, 1, 1] + (start <= 1 ? first : []) + last
        case 1: bytes = [0, 0, 1, 1] + first
        default: return .failure(Failure(.invalidField))
        }
        bytes.put(UInt64(bytes.count - 2), 0, 2)
        return .success(Array(bytes.prefix(Int(command.number(7, 2)))))
    }

    /// GET CONFIGURATION: the profile of a CD-ROM.
    private func configuration(_ command: [UInt8]) -> Result<[UInt8], Failure> {
        let current: UInt8 = node == nil ? 0 : 8
        var bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, current]
        // Profiles, core, removable medium.
        bytes += [0, 0, 3, 4, 0, 8, node == nil ? 0 : 1, 0] + [0, 1, 0x0b, 8, 0, 0, 0, 1, 1, 0, 0, 0] + [0, 3, 3, 4, 0x29, 0, 0, 0]
        bytes.put(UInt64(bytes.count - 4), 0, 4)
        return .success(Array(bytes.prefix(Int(command.number(7, 2)))))
    }

    /// GET EVENT STATUS NOTIFICATION: what there is to tell of the medium.
    private func events(_ command: [UInt8]) -> Result<[UInt8], Failure> {
        guard command.number(1, 1) & 1 != 0 else { return .failure(Failure(.invalidField)) }
        let wantsMedium = command.number(4, 1) & 0x10 != 0
        let news = wantsMedium ? takeMediumEvent() : (0, 0)
        let bytes: [UInt8] = wantsMedium ? [0, 6, 4, 0x10, news.0, news.1, 0, 0] : [0, 2, 0x80, 0x10]
        return .success(Array(bytes.prefix(Int(command.number(7, 2)))))
    }
}
