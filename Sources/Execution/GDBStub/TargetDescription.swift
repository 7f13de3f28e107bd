import CPUModel

extension DebugRegisterTable {
    /// `target.xml`: the registers as gdb reads them ("Target Descriptions" in its manual).
    var targetDescription: String {
        var number = 0
        var text = #"<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">"#
        text += "<architecture>\(architecture)</architecture>"
        for feature in features {
            text += #"<feature name="\#(feature.name)">"# + feature.types
            for register in feature.registers {
                text += #"<reg name="\#(register.name)" bitsize="\#(register.bits)" type="\#(register.type)" regnum="\#(number)""#
                text += #" group="\#(register.group)"/>"#
                number += 1
            }
            text += "</feature>"
        }
        return text + "</target>"
    }
}
