import AddressSpace
import DeviceModel
import PCI
import Snapshot
import Testing

/// A function with a window of each kind, whose registers are bytes of memory.
final class PlainFunction: PCIDevice, IOHandler {
    static let typeName = "plain"
    let function: PCIFunction
    private(set) var written: [UInt64] = []

    init(vectors: Int = 0) {
        function = PCIFunction(PCIIdentity(vendor: 0x1234, device: 0x5678, classCode: 0x02_0001), isExpress: true)
        function.setPin(1)
        function.addWindow(0, .memory32, .io("registers", size: 0x1000, handler: self))
        function.addWindow(1, .io, .io("ports", size: 0x40, handler: self))
        let messages = MemoryRegion.container("messages", size: 0x1000)
        function.addWindow(2, .memory64, messages, isPrefetchable: true)
        if vectors > 0 { function.addMSIX(vectors: vectors, bar: 2, in: messages, table: 0, pending: 0x800) }
        function.addMSI(vectors: 4)
        function.addExpress(.endpoint)
        function.addPowerManagement()
    }

    func reset() { function.reset() }
    func visit<Visitor: FieldVisitor>(_ visitor: inout Visitor) { function.visit(&visitor) }
    func restored() { function.restored() }
    func read(_ offset: UInt64, size: Int) -> (value: UInt64, result: AccessResult) { (offset, .ok) }
    func write(_ offset: UInt64, value: UInt64, size: Int) -> AccessResult {
        written.append(offset)
        return .ok
    }
}

/// A machine of RAM and a host bridge, whose windows are at the bus's addresses.
struct PCIMachine {
    static let ecam: UInt64 = 0x4000_0000, ports: UInt64 = 0x5000_0000

    let memory: AddressSpace
    let host: PCIHost
    let port: RootPort

    init() throws {
        let root = MemoryRegion.container("system", size: .max)
        root.add(try MemoryRegion.ram("ram", size: 1 << 20), at: 0)
        memory = AddressSpace("memory", root: root)
        host = PCIHost(memory: memory, ecamSize: 0x1000_0000)
        root.add(host.makeRegion(), at: PCIMachine.ecam)
        root.add(host.window("ports", io: true, from: 0, size: 0x1_0000), at: PCIMachine.ports)
        root.add(host.window("low", from: 0x1000_0000, size: 0x1000_0000), at: 0x1000_0000)
        root.add(host.window("high", from: 1 << 32, size: 1 << 32), at: 1 << 32)
        port = RootPort(name: "port", host: host, port: 1, slot: 1, canHotplug: true)
        host.root.plug(port, at: 1 << 3)
        port.reset()
    }

    private func place(_ bus: UInt64, _ device: UInt64, _ register: Int) -> UInt64 {
        PCIMachine.ecam + (bus << 20) + (device << 15) + UInt64(register)
    }

    func get(_ bus: UInt64, _ device: UInt64, _ register: Int) -> UInt32 { memory.load(place(bus, device, register)) ?? 0 }
    func get16(_ bus: UInt64, _ device: UInt64, _ register: Int) -> UInt16 { memory.load(place(bus, device, register)) ?? 0 }
    func set(_ bus: UInt64, _ device: UInt64, _ register: Int, _ value: UInt32) { memory.store(place(bus, device, register), value) }
    func set16(_ bus: UInt64, _ device: UInt64, _ register: Int, _ value: UInt16) { memory.store(place(bus, device, register), value) }

    // On the root bus.
    func get(_ device: UInt64, _ register: Int) -> UInt32 { get(0, device, register) }
    func get16(_ device: UInt64, _ register: Int) -> UInt16 { get16(0, device, register) }
    func set(_ device: UInt64, _ register: Int, _ value: UInt32) { set(0, device, register, value) }
    func set16(_ device: UInt64, _ register: Int, _ value: UInt16) { set16(0, device, register, value) }
    func set8(_ device: UInt64, _ register: Int, _ value: UInt8) { memory.store(place(0, device, register), value) }

    /// The offset of a capability; 0 if it is not there.
    func capability(_ bus: UInt64, _ device: UInt64, _ id: UInt8) -> Int {
        var offset = Int(get(bus, device, 0x34) & 0xff)
        while offset != 0, get(bus, device, offset) & 0xff != UInt32(id) { offset = Int(get(bus, device, offset) >> 8 & 0xff) }
        return offset
    }
    func capability(_ device: UInt64, _ id: UInt8) -> Int { capability(0, device, id) }

    /// Gives the port's bus the number 1 and a window of memory.
    func openPort() {
        set(1, 0x18, 0x0001_0100)
        set(1, 0x20, 0x1ff0_1000)
        set16(1, 0x04, 7)
    }
}

@Suite struct PCITests {
    private let machine: PCIMachine

    init() throws { machine = try PCIMachine() }

    private func plug(_ device: PlainFunction, at number: UInt8 = 3) {
        machine.host.root.plug(device, at: number << 3)
        device.reset()
    }

    @Test func absentFunctionsReadAsOnes() {
        #expect(machine.get(9, 0) == 0xffff_ffff && machine.get16(9, 0) == 0xffff)
        #expect(machine.get(0, 0) == 0x0008_1b36, "the host bridge")
        #expect(machine.get(7, 3, 0) == 0xffff_ffff, "a bus that no bridge leads to")
    }

    @Test func windowsTellTheirSizesAndMove() {
        let device = PlainFunction()
        plug(device)
        for (register, size) in [(0x10, 0xffff_f000), (0x14, 0xffff_ffc1), (0x18, 0xffff_f00c), (0x1c, 0xffff_ffff)] as [(Int, UInt32)] {
            machine.set(3, register, ~0)
            #expect(machine.get(3, register) == size)
        }
        machine.set(3, 0x10, 0x1234_5000)
        machine.set(3, 0x14, 0x100)
        #expect(machine.memory.load(0x1234_5010, as: UInt32.self) == nil, "closed until the command register opens it")
        machine.set16(3, 0x04, 3)
        #expect(machine.memory.load(0x1234_5010, as: UInt32.self) == 0x10)
        #expect(machine.memory.load(PCIMachine.ports + 0x108, as: UInt32.self) == 8)
        machine.set(3, 0x10, 0x1800_0000)
        #expect(machine.memory.load(0x1234_5010, as: UInt32.self) == nil && machine.memory.load(0x1800_0004, as: UInt32.self) == 4)
        machine.set16(3, 0x04, 0)
        #expect(machine.memory.load(0x1800_0004, as: UInt32.self) == nil)
    }

    @Test func readOnlyBitsStay() {
        plug(PlainFunction())
        for register in stride(from: 0, to: 0x40, by: 4) { machine.set(3, register, ~0) }
        #expect(machine.get(3, 0) == 0x5678_1234 && machine.get(3, 8) == 0x0200_0100 && machine.get(3, 0x2c) == 0x1100_1af4)
        #expect(machine.get16(3, 0x04) == 0x0547, "what a command register has")
        #expect(machine.get(3, 0x3c) & 0xffff == 0x01ff)
    }

    @Test func wiresTurnWithTheDeviceNumber() {
        let devices = (0..<4).map { _ in PlainFunction() }
        for (index, device) in devices.enumerated() { plug(device, at: UInt8(4 + index)) }
        for (index, device) in devices.enumerated() {
            device.function.setInterrupt(true)
            #expect(machine.host.interrupts.map(\.level) == (0..<4).map { $0 == index })
            #expect(machine.get16(UInt64(4 + index), 6) & 8 != 0)
            machine.set16(UInt64(4 + index), 4, 1 << 10)
            #expect(machine.host.interrupts.allSatisfy { !$0.level }, "interrupts are switched off")
            machine.set16(UInt64(4 + index), 4, 0)
            #expect(machine.host.interrupts[index].level)
            device.function.setInterrupt(false)
        }
    }

    @Test func aWireIsLowWhenNobodyPullsIt() {
        let (first, second) = (PlainFunction(), PlainFunction())
        plug(first, at: 4)
        plug(second, at: 8)
        first.function.setInterrupt(true)
        second.function.setInterrupt(true)
        first.function.setInterrupt(false)
        #expect(machine.host.interrupts[0].level)
        second.reset()
        #expect(!machine.host.interrupts[0].level)
    }

    @Test func bridgesLetThroughWhatTheyAreToldTo() {
        let device = PlainFunction()
        machine.port.secondaryBus?.plug(device, at: 0)
        device.reset()
        #expect(machine.get(1, 0, 0) == 0xffff_ffff, "the bus has no number yet")
        machine.openPort()
        #expect(machine.get(1, 0, 0) == 0x5678_1234)
        machine.set(1, 0, 0x10, 0x1230_0000)
        machine.set16(1, 0, 0x04, 3)
        #expect(machine.memory.load(0x1230_0008, as: UInt32.self) == 8)
        machine.set(1, 0x20, 0x1ff0_1800)
        #expect(machine.memory.load(0x1230_0008, as: UInt32.self) == nil, "not in the bridge's window")
        device.function.setInterrupt(true)
        #expect(machine.host.interrupts.map(\.level) == [false, true, false, false], "pin A behind device 1")
        machine.set16(1, 0x3e, 1 << 6)
        #expect(machine.get16(1, 0, 0x04) == 0 && !machine.host.interrupts[1].level, "reset of the bus behind")
    }

    @Test func messagesAreWritesToMemory() {
        let device = PlainFunction(vectors: 3)
        plug(device)
        machine.set(3, 0x18, 0)
        machine.set(3, 0x1c, 1)
        let table: UInt64 = 1 << 32
        func fill(_ vector: UInt64, masked: UInt32) {
            for (index, word) in [0x8000 + 4 * UInt32(vector), 0, 0x55 + UInt32(vector), masked].enumerated() {
                machine.memory.store(table + 16 * vector + 4 * UInt64(index), word)
            }
        }
        machine.set16(3, 0x04, 6)
        let capability = machine.capability(3, 0x11)
        #expect(capability != 0 && machine.get16(3, capability + 2) == 2)
        machine.set16(3, capability + 2, 1 << 15)
        fill(0, masked: 0)
        fill(1, masked: 1)
        device.function.msix?.notify(0)
        device.function.msix?.notify(1)
        device.function.msix?.notify(7)
        #expect(machine.memory.load(0x8000) as UInt32? == 0x55 && machine.memory.load(0x8004) as UInt32? == 0)
        #expect(machine.memory.load(table + 0x800) as UInt32? == 2, "held back")
        fill(1, masked: 0)
        #expect(machine.memory.load(0x8004) as UInt32? == 0x56 && machine.memory.load(table + 0x800) as UInt32? == 0)
        machine.set16(3, capability + 2, 3 << 14)
        fill(2, masked: 0)
        device.function.msix?.notify(2)
        #expect(machine.memory.load(0x8008) as UInt32? == 0, "all are masked")
        machine.set16(3, capability + 2, 1 << 15)
        #expect(machine.memory.load(0x8008) as UInt32? == 0x57)
        machine.memory.store(0x8000, 0 as UInt32)
        machine.set16(3, 0x04, 2)
        device.function.msix?.notify(0)
        #expect(machine.memory.load(0x8000) as UInt32? == 0, "no bus master")
    }

    @Test func plainMessagesCarryTheirNumber() {
        let device = PlainFunction()
        plug(device)
        let capability = machine.capability(3, 0x05)
        machine.set(3, capability + 4, 0x9000)
        machine.set16(3, capability + 12, 0x1230)
        machine.set16(3, 0x04, 4)
        device.function.msi?.notify(1)
        #expect(machine.memory.load(0x9000) as UInt32? == 0)
        machine.set16(3, capability + 2, 1 | 2 << 4)
        device.function.msi?.notify(3)
        #expect(machine.memory.load(0x9000) as UInt32? == 0x1233)
    }

    @Test func senderIsTold() {
        var heard: [(UInt64, UInt32, UInt16)] = []
        machine.host.onMessage = {
            heard.append(($0, $1, $2)); return true
        }
        let device = PlainFunction()
        machine.port.secondaryBus?.plug(device, at: 0)
        device.reset()
        machine.openPort()
        let capability = machine.capability(1, 0, 0x05)
        machine.set(1, 0, capability + 4, 0x808_0040)
        machine.set16(1, 0, capability + 2, 1)
        machine.set16(1, 0, 0x04, 4)
        device.function.msi?.notify(0)
        #expect(heard.count == 1 && heard.first?.0 == 0x808_0040 && heard.first?.2 == 0x0100)
        let bridge = PCIBridge(name: "bridge", host: machine.host)
        machine.host.root.plug(bridge, at: 6 << 3)
        let behind = PlainFunction()
        bridge.secondaryBus?.plug(behind, at: 2 << 3)
        #expect(behind.function.requester == 6 << 3, "a conventional bridge speaks for what is behind it")
    }

    @Test func ownAccessesNeedTheMasterBitAndRAM() {
        let device = PlainFunction()
        plug(device)
        #expect(device.function.read(0, count: 4) == nil && !device.function.write(0, [1]))
        machine.set16(3, 0x04, 4)
        #expect(device.function.write(0x100, [1, 2, 3, 4]) && device.function.load(0x100, as: UInt32.self) == 0x0403_0201)
        #expect(device.function.read((1 << 20) - 2, count: 4) == nil, "beyond the end of RAM")
        #expect(!device.function.store(PCIMachine.ecam, 1 as UInt32), "registers of others")
        #expect(device.function.read(.max - 1, count: 4) == nil)
    }

    /// The guest switches a slot off: with attention button, indicators and power controller.
    @Test func slotsGiveTheirDevicesUp() {
        var isOff = false
        machine.port.onPowerOff = { isOff = true }
        let device = PlainFunction()
        machine.port.secondaryBus?.plug(device, at: 0)
        device.reset()
        let slot = machine.capability(1, 0x10) + 0x18
        #expect(machine.get16(1, slot + 2) & 1 << 6 == 0)
        machine.port.noteArrival()
        #expect(machine.get16(1, slot + 2) & 0x49 == 0x49, "presence, its change, the button")
        machine.set16(1, slot + 2, 0x1ff)
        #expect(machine.get16(1, slot + 2) & 0x1ff == 1 << 6)
        machine.set16(1, slot, 0x17c0 & ~(1 << 10) & ~0x300 | 0x100)
        #expect(machine.get16(1, slot + 2) & 1 << 4 != 0, "the command is done")
        #expect(machine.port.askForRemoval() == true)
        machine.set16(1, slot, 0x02c0)
        #expect(machine.port.askForRemoval() == nil, "the indicator blinks")
        #expect(!isOff)
        machine.set16(1, slot, 0x07c0)
        #expect(isOff && machine.port.askForRemoval() == false)
    }

    @Test func aPortTellsOfArrivals() {
        machine.set(1, 0x10, 0x1400_0000)
        machine.set16(1, 0x04, 6)
        let slot = machine.capability(1, 0x10) + 0x18, messages = machine.capability(1, 0x11)
        machine.set16(1, slot, 1 << 5 | 1 << 3)
        #expect(!machine.host.interrupts[1].level)
        machine.port.noteArrival()
        #expect(machine.host.interrupts[1].level)
        machine.set16(1, slot + 2, 0x1ff)
        #expect(!machine.host.interrupts[1].level)
        for (index, word) in [0xa000, 0, 9, 0].enumerated() { machine.memory.store(0x1400_0000 + 4 * UInt64(index), UInt32(word)) }
        machine.set16(1, messages + 2, 1 << 15)
        machine.port.noteRemoval()
        #expect(machine.memory.load(0xa000) as UInt32? == 9 && !machine.host.interrupts[1].level)
    }

    @Test func windowsMoveWithASnapshot() throws {
        func make() throws -> (PCIMachine, PlainFunction) {
            let machine = try PCIMachine()
            let device = PlainFunction(vectors: 3)
            machine.port.secondaryBus?.plug(device, at: 0)
            machine.port.reset()
            device.reset()
            return (machine, device)
        }
        let (machine, device) = try make()
        machine.openPort()
        machine.set(1, 0, 0x10, 0x1230_0000)
        machine.set16(1, 0, 0x04, 3)
        device.function.setInterrupt(true)
        let (other, second) = try make()
        try DeviceSnapshot.restore([other.host, other.port, second], from: DeviceSnapshot.save([machine.host, machine.port, device]))
        #expect(other.memory.load(0x1230_0008, as: UInt32.self) == 8 && other.host.interrupts[1].level)
        #expect(other.get(1, 0, 0x10) == 0x1230_0000)
    }

    @Test func addressesAsUsersWriteThem() {
        #expect(PCIProperties.address("5") == 0x28 && PCIProperties.address("0x1f.7") == 0xff && PCIProperties.address("a.0") == 0x50)
        for text in ["20", "1.8", "", "x", "1.2.3", "-1", "1."] { #expect(PCIProperties.address(text) == nil) }
    }
}
