import AddressSpace
import EventLoop

/// `-M none`: no cpu, no memory, no device. Programs start it to ask what the emulator can do.
public enum NoneMachine {
    public static func type(guests: [String]) -> MachineType {
        MachineType(name: "none", help: "empty machine", guests: guests, maxCPUs: 1, defaultMemory: 0) { configuration, _, loop, _ in
            Machine(
                name: "none", loop: loop, memory: AddressSpace("memory", root: .container("system", size: .max)), cpus: [], devices: [], slots: [],
                load: {})
        }
    }
}
