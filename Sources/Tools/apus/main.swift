import HostOS

setUpStandardStreams()
exitProcess(runApus(CommandLine.arguments))
