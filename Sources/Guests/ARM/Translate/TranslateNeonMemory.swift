import Bits
import IR

/// Loads and stores of elements and structures.
extension Translator {
    mutating func neonMemory(_ b: inout IRBlock, _ instruction: NeonMemoryInstruction, _ o: Operands) -> Bool {
        guard o.rn != 15 else { return false }
        let size: Int?
        switch instruction {
        case .vst_multiple, .vld_multiple: size = multipleStructures(&b, o, loads: instruction == .vld_multiple)
        case .vst_lane, .vld_lane: size = oneStructure(&b, o, loads: instruction == .vld_lane)
        case .vld_all: size = oneStructureToAll(&b, o)
        }
        guard let size else { return false }
        // The index: 13 stands for what has been accessed, 15 for none.
        if o.rm != 15 {
            let step = o.rm == 13 ? constant(&b, UInt32(size)) : read(&b, o.rm)
            write(&b, o.rn, b.add(.i32, read(&b, o.rn), step))
        }
        return true
    }

    private func elementAccess(_ size: Int, aligned: Bool = false) -> MemoryOperation { memoryAccess(size, alignment: aligned ? .fault : .any) }

    /// Raises the alignment fault of an access that asks for so many bytes.
    private func checkAlignment(_ b: inout IRBlock, _ register: Int, _ bytes: Int, loads: Bool) {
        guard bytes > 1 else { return }
        b.call(ARMHelper.checkAlignment.rawValue, readWide(&b, register), b.const(.i64, UInt64(bytes - 1)), b.const(.i64, loads ? 0 : 1))
    }

    // MARK: Multiple structures

    /// By type: elements of a structure, registers apart, and registers in turn for each element (1 or, of vld1 and the long vld2, more).
    private struct Layout {
        let elements: Int, spacing: Int, repeats: Int

        init?(_ type: Int) {
            switch type {
            case 0: (elements, spacing, repeats) = (4, 1, 1)
            case 1: (elements, spacing, repeats) = (4, 2, 1)
            case 2: (elements, spacing, repeats) = (1, 1, 4)
            case 3: (elements, spacing, repeats) = (2, 2, 2)
            case 4: (elements, spacing, repeats) = (3, 1, 1)
            case 5: (elements, spacing, repeats) = (3, 2, 1)
            case 6: (elements, spacing, repeats) = (1, 1, 3)
            case 7: (elements, spacing, repeats) = (1, 1, 1)
            case 8: (elements, spacing, repeats) = (2, 1, 1)
            case 9: (elements, spacing, repeats) = (2, 2, 1)
            case 10: (elements, spacing, repeats) = (1, 1, 2)
            default: return nil
            }
        }
    }

    /// Bytes accessed; nil for what is undefined.
    private func multipleStructures(_ b: inout IRBlock, _ o: Operands, loads: Bool) -> Int? {
        guard let layout = Layout(o.field(8, 4)) else { return nil }
        let size = o.field(6, 2), align = o.field(4, 2), first = o.vd(.v128)
        guard size < 3 || layout.elements == 1 else { return nil }
        // Alignments that the types don't have.
        switch layout.elements * 10 + layout.repeats {
        case 11 where align & 2 != 0, 12 where align == 3, 13 where align & 2 != 0, 31 where align & 2 != 0: return nil
        case 21 where align == 3: return nil
        default: break
        }
        let last = first + (layout.elements - 1) * layout.spacing + layout.repeats - 1
        guard last < 32 else { return nil }
        checkAlignment(&b, o.rn, align == 0 ? 1 : 4 << align, loads: loads)
        let bytes = 1 << size, count = 8 / bytes
        if layout.elements == 1, !flags.isBigEndian {
            for index in 0..<layout.repeats {
                double(&b, first + index, MemoryAddress(base: readWide(&b, o.rn), displacement: Int64(8 * index)), loads: loads)
            }
            return 8 * layout.repeats
        }
        var offset: Int64 = 0
        for turn in 0..<layout.repeats {
            for lane in 0..<count {
                for element in 0..<layout.elements {
                    let register = first + turn + element * layout.spacing
                    let place = MemoryAddress(base: readWide(&b, o.rn), displacement: offset)
                    self.lane(&b, register, Lane(rawValue: UInt8(size)) ?? .b64, lane, place, loads: loads)
                    offset += Int64(bytes)
                }
            }
        }
        return Int(offset)
    }

    private func double(_ b: inout IRBlock, _ register: Int, _ place: MemoryAddress, loads: Bool) {
        if loads {
            writeBits(&b, register, .i64, b.load(.i64, place.base, offset: place.displacement, elementAccess(8)))
        } else {
            b.store(.i64, place.base, offset: place.displacement, readBits(&b, .i64, register), elementAccess(8))
        }
    }

    /// One lane of D `register`.
    private func lane(_ b: inout IRBlock, _ register: Int, _ lane: Lane, _ index: Int, _ place: MemoryAddress, loads: Bool) {
        let quad = register >> 1, number = 8 / lane.bytes * (register & 1) + index
        if loads {
            let value = b.load(.i64, place.base, offset: place.displacement, elementAccess(lane.bytes))
            writeQuad(&b, quad, b.vinsert(.v128, lane, readQuad(&b, quad), at: number, value))
        } else {
            let value = b.vextract(.i64, lane, readQuad(&b, quad), at: number)
            b.store(.i64, place.base, offset: place.displacement, value, elementAccess(lane.bytes))
        }
    }

    // MARK: One structure

    private func oneStructure(_ b: inout IRBlock, _ o: Operands, loads: Bool) -> Int? {
        let size = o.field(10, 2), elements = o.field(8, 2) + 1, code = o.field(4, 4), first = o.vd(.v128)
        guard size < 3, let lane = Lane(rawValue: UInt8(size)), let alignment = alignment(size, elements, code) else { return nil }
        let index = code >> (size + 1)
        // Registers in turn, or every second one.
        let spacing = size == 0 || elements == 1 ? 1 : code >> size & 1 + 1
        guard first + (elements - 1) * spacing < 32 else { return nil }
        checkAlignment(&b, o.rn, alignment, loads: loads)
        for element in 0..<elements {
            let place = MemoryAddress(base: readWide(&b, o.rn), displacement: Int64(element << size))
            self.lane(&b, first + element * spacing, lane, index, place, loads: loads)
        }
        return elements << size
    }

    /// The alignment that index_align asks for; nil for what is undefined.
    private func alignment(_ size: Int, _ elements: Int, _ code: Int) -> Int? {
        switch (elements, size) {
        case (1, 0): return code & 1 == 0 ? 1 : nil
        case (1, 1): return code & 2 == 0 ? code & 1 == 0 ? 1 : 2 : nil
        case (1, _): return code & 7 == 0 ? 1 : code & 7 == 3 ? 4 : nil
        case (2, 2): return code & 2 == 0 ? code & 1 == 0 ? 1 : 8 : nil
        case (2, _): return code & 1 == 0 ? 1 : 2 << size
        case (3, 2): return code & 3 == 0 ? 1 : nil
        case (3, _): return code & 1 == 0 ? 1 : nil
        case (4, 2): return code & 3 == 3 ? nil : code & 3 == 0 ? 1 : 4 << (code & 3)
        default: return code & 1 == 0 ? 1 : 4 << size
        }
    }

    private func oneStructureToAll(_ b: inout IRBlock, _ o: Operands) -> Int? {
        let elements = o.field(8, 2) + 1, first = o.vd(.v128), isAligned = o.bit(4), t = o.bit(5)
        var size = o.field(6, 2), alignment = isAligned ? elements << size : 1
        if size == 3 {
            // vld4 of words that are aligned to 16 bytes.
            guard elements == 4, isAligned else { return nil }
            (size, alignment) = (2, 16)
        } else if elements == 4, size == 2, isAligned {
            alignment = 8
        }
        guard elements != 3 || !isAligned, !(elements == 1 && size == 0 && isAligned), let lane = Lane(rawValue: UInt8(size)) else { return nil }
        // Of vld1 T tells two registers, of the others that every second one counts.
        let spacing = t && elements > 1 ? 2 : 1, copies = t && elements == 1 ? 2 : 1
        guard first + (elements - 1) * spacing + copies - 1 < 32 else { return nil }
        checkAlignment(&b, o.rn, alignment, loads: true)
        let values = (0..<elements).map { element in
            b.load(.i64, readWide(&b, o.rn), offset: Int64(element << size), elementAccess(lane.bytes))
        }
        for (element, value) in values.enumerated() {
            for copy in 0..<copies { writeDouble(&b, first + element * spacing + copy, b.vsplat(.v64, lane, value)) }
        }
        return elements << size
    }
}
