extension SchemaText {
    /// The machine: whether it runs, its cpus and its memory.
    static let machineText = """
        # Whether the machine runs, and if not, why.
        enum RunState: debug inmigrate internal-error io-error paused postmigrate prelaunch finish-migrate restore-vm running save-vm
            shutdown suspended watchdog guest-panicked colo

        # What the machine does.
        struct StatusInfo
            running: bool
            singlestep: bool            # one guest instruction a block
            status: RunState

        # Says whether the machine runs.
        command query-status early -> StatusInfo

        # Stops the cpus.
        command stop

        # Lets the cpus go on.
        command cont

        # Resets the machine.
        command system_reset

        # Presses the power button.
        command system_powerdown

        # Wakes a guest that sleeps.
        command system_wakeup

        # Sends the cpu a non-maskable interrupt.
        command inject-nmi

        # Makes the machine and waits for `cont`, after `-preconfig`.
        command x-exit-preconfig early unstable

        # A machine's name.
        struct NameInfo
            name?: str

        # Says what `-name` said.
        command query-name early -> NameInfo

        # A machine's number.
        struct UuidInfo
            UUID: str

        # Says what `-uuid` said; zeros if it was not given.
        command query-uuid early -> UuidInfo

        # The architectures that there are machines for.
        enum SysEmuTarget: aarch64 arm riscv32 riscv64 x86_64

        # Whose machines this program emulates.
        struct TargetInfo
            arch: SysEmuTarget

        # Says whose machines this program emulates.
        command query-target early -> TargetInfo

        # A kind of machine.
        struct MachineInfo
            name: str
            alias?: str
            is-default?: bool
            cpu-max: int
            hotpluggable-cpus: bool
            numa-mem-supported: bool
            deprecated: bool
            default-cpu-type?: str
            default-ram-id?: str

        # Lists the kinds of machines.
        command query-machines early -> [MachineInfo]

        # What the machine that runs can do.
        struct CurrentMachineParams
            wakeup-suspend-support: bool

        # Says what the machine that runs can do.
        command query-current-machine -> CurrentMachineParams

        # Where a cpu sits.
        struct CpuInstanceProperties
            node-id?: int
            socket-id?: int
            die-id?: int
            cluster-id?: int
            core-id?: int
            thread-id?: int

        # A cpu.
        struct CpuInfoFast
            cpu-index: int
            qom-path: str
            thread-id: int              # of the host
            props?: CpuInstanceProperties
            target: SysEmuTarget

        # Lists the cpus without disturbing them.
        command query-cpus-fast -> [CpuInfoFast]

        # A place for a cpu.
        struct HotpluggableCPU
            type: str
            vcpus-count: int
            props: CpuInstanceProperties
            qom-path?: str

        # Lists the places for cpus, where cpus can be plugged in.
        command query-hotpluggable-cpus early -> [HotpluggableCPU]

        # A model of cpu.
        struct CpuDefinitionInfo
            name: str
            migration-safe?: bool
            static: bool
            unavailable-features?: [str]
            typename: str
            alias-of?: str
            deprecated: bool

        # Lists the models of cpus.
        command query-cpu-definitions early -> [CpuDefinitionInfo]

        # Whether the host's hardware virtualization is used.
        struct KvmInfo
            enabled: bool
            present: bool

        # Says whether the host's hardware virtualization is used.
        command query-kvm early -> KvmInfo

        # How memory is bound to the host's nodes.
        enum HostMemPolicy: default preferred bind interleave

        # A memory back end.
        struct Memdev
            id?: str
            size: size
            merge: bool
            dump: bool
            prealloc: bool
            share: bool
            reserve?: bool
            host-nodes: [uint16]
            policy: HostMemPolicy

        # Lists the memory back ends, the machine's own memory too.
        command query-memdev -> [Memdev]

        # How much memory there is, in bytes.
        struct MemoryInfo
            base-memory: size
            plugged-memory?: size

        # Says how much memory there is.
        command query-memory-size-summary -> MemoryInfo

        # Kinds of memory that can be plugged in.
        enum MemoryDeviceInfoKind: dimm

        # A memory module.
        struct PCDIMMDeviceInfo
            id?: str
            addr: int
            size: int
            slot: int
            node: int
            memdev: str
            hotplugged: bool
            hotpluggable: bool

        struct PCDIMMDeviceInfoWrapper
            data: PCDIMMDeviceInfo

        # Memory that was plugged in. There is no such device, so the list is empty.
        union MemoryDeviceInfo by type
            type: MemoryDeviceInfoKind
            case dimm: PCDIMMDeviceInfoWrapper

        # Lists memory that was plugged in.
        command query-memory-devices -> [MemoryDeviceInfo]

        # Writes memory to a file, by a cpu's addresses.
        command memsave
            val: int                    # the first address
            size: int                   # bytes
            filename: str
            cpu-index?: int

        # Writes memory to a file, by physical addresses.
        command pmemsave
            val: int                    # the first address
            size: int                   # bytes
            filename: str

        # A thread that serves devices.
        struct IOThreadInfo
            id: str
            thread-id: int
            poll-max-ns: int
            poll-grow: int
            poll-shrink: int
            aio-max-batch: int

        # Lists the threads of `-object iothread`.
        command query-iothreads early -> [IOThreadInfo]

        # A version of Arm's generic interrupt controller.
        struct GICCapability
            version: int
            emulated: bool              # without the host's
            kernel: bool                # by the host's kernel

        # Lists the interrupt controllers that Arm machines can have.
        command query-gic-capabilities early -> [GICCapability]

        # How large the balloon lets the guest be.
        struct BalloonInfo
            actual: int                 # bytes

        # Says how much memory the balloon leaves to the guest.
        command query-balloon -> BalloonInfo

        # Asks the guest to live with so much memory.
        command balloon
            value: int                  # bytes

        # The guest has lent memory to the host, or taken it back.
        event BALLOON_CHANGE
            actual: int                 # bytes that are left to it

        # A mouse or tablet.
        struct MouseInfo
            name: str
            index: int
            current: bool
            absolute: bool

        # Lists the pointing devices.
        command query-mice early -> [MouseInfo]

        # Front ends of trusted platform modules.
        enum TpmModel: tpm-tis tpm-crb tpm-spapr

        # Back ends of trusted platform modules.
        enum TpmType: passthrough emulator

        # The host's own module.
        struct TPMPassthroughOptions
            path?: str
            cancel-path?: str

        struct TPMPassthroughOptionsWrapper
            data: TPMPassthroughOptions

        # A module that another program emulates.
        struct TPMEmulatorOptions
            chardev: str

        struct TPMEmulatorOptionsWrapper
            data: TPMEmulatorOptions

        # What stands behind a trusted platform module.
        union TpmTypeOptions by type
            type: TpmType
            case passthrough: TPMPassthroughOptionsWrapper
            case emulator: TPMEmulatorOptionsWrapper

        # A trusted platform module.
        struct TPMInfo
            id: str
            model: TpmModel
            options: TpmTypeOptions

        # Lists the trusted platform modules.
        command query-tpm early -> [TPMInfo]

        # Lists the front ends of trusted platform modules that there are.
        command query-tpm-models early -> [TpmModel]

        # Lists the back ends of trusted platform modules that there are.
        command query-tpm-types early -> [TpmType]

        # What a watchdog that has run out does.
        enum WatchdogAction: reset shutdown poweroff pause debug none inject-nmi

        # What a guest's wish to be rebooted does.
        enum RebootAction: reset shutdown

        # What a guest's wish to be switched off does.
        enum ShutdownAction: poweroff pause

        # What a guest's panic does.
        enum PanicAction: pause shutdown exit-failure none

        # Says what a watchdog that has run out does.
        command watchdog-set-action early
            action: WatchdogAction

        # Says what becomes of the machine when the guest reboots, switches off or fails.
        command set-action early
            reboot?: RebootAction
            shutdown?: ShutdownAction
            panic?: PanicAction
            watchdog?: WatchdogAction

        # Why a machine is switched off or reset.
        enum ShutdownCause: none host-error host-qmp-quit host-qmp-system-reset host-signal host-ui guest-shutdown guest-reset
            guest-panic subsystem-reset snapshot-load

        # The machine is switched off.
        event SHUTDOWN
            guest: bool                 # by the guest itself
            reason: ShutdownCause

        # Somebody has pressed the power button.
        event POWERDOWN

        # The machine is reset.
        event RESET
            guest: bool                 # by the guest itself
            reason: ShutdownCause

        # The cpus have stopped.
        event STOP

        # The cpus go on.
        event RESUME

        # Text for people.
        struct HumanReadableText
            human-readable-text: str

        # Says what the translator has done so far.
        command x-query-jit unstable -> HumanReadableText
        """
}
