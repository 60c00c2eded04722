"""A desktop behind xdg-desktop-portal, for the check alone: it writes down what
it is asked to start at sign-in, and grants it.

  flatpak-desktop.py FILE
"""
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

BACKGROUND = "org.freedesktop.impl.portal.Background"


class Desktop(dbus.service.Object):
    @dbus.service.method(BACKGROUND, in_signature="sbasu", out_signature="b")
    def EnableAutostart(self, app, enable, command, _flags):
        with open(sys.argv[1], "a") as f:
            print(app, "on" if enable else "off", *command, file=f)
        return enable

    @dbus.service.method(BACKGROUND, in_signature="", out_signature="a{sv}")
    def GetAppState(self):
        return dbus.Dictionary({}, signature="sv")


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
name = dbus.service.BusName("org.freedesktop.impl.portal.desktop.check", bus)
desktop = Desktop(bus, "/org/freedesktop/portal/desktop")
GLib.MainLoop().run()
