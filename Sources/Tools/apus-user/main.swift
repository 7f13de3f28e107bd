import HostOS

exitProcess(runApusUser(CommandLine.arguments))
