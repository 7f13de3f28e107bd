import HostOS
import UserCore

exitProcess(runApusUser(OwnProgram.arguments()))
